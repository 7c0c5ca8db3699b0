#!/usr/bin/env bash
# Compiles every kernel into one fat binary: SASS for each sm_ target, PTX of compute_80 for whatever comes later.
#
#   usage   kernels/compile.sh CLASSES REPORTS
#   reads   kernels/**/*.cu and the headers beside them
#   writes  CLASSES/org/tweedie/kernels/tweedie.fatbin  .fatbin.sha256  kernels.txt     (go into the jar)
#           REPORTS/ptxas.txt  resources.txt                                            (what the compiler says)
#   skips   when the hash of all inputs is the one of the last run, and when there is no nvcc (the build goes on)
#
# The driver loads one image, so all sources are one translation unit a target: no relocatable device code, and the
# compiler sees everything. Targets are compiled side by side. NVCC names another compiler.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
if [ $# -ne 2 ]; then
    echo "usage: kernels/compile.sh CLASSES REPORTS" >&2
    exit 2
fi
out=$1/org/tweedie/kernels
report=$2
nvcc=${NVCC:-nvcc}
sass="80 90a"
ptx=80
flags=(-std=c++17 -I kernels --fmad=false -prec-div=true -prec-sqrt=true -ftz=false -O3)

mapfile -t sources < <(find kernels -name '*.cu' | LC_ALL=C sort)
if [ ${#sources[@]} -eq 0 ]; then
    echo "kernels: no .cu file under kernels/, no fat binary"
    rm -f "$out"/tweedie.fatbin "$out"/tweedie.fatbin.sha256 "$out"/kernels.txt
    exit 0
fi
if ! command -v "$nvcc" >/dev/null 2>&1; then
    echo "kernels: no nvcc on the path, so no fat binary: this build runs on the host device only"
    rm -f "$out"/tweedie.fatbin "$out"/tweedie.fatbin.sha256 "$out"/kernels.txt
    exit 0
fi

mkdir -p "$out" "$report"
exec 9> "$report/lock"
command -v flock >/dev/null 2>&1 && flock 9

inputs=$({ "$nvcc" --version; echo "${flags[*]} $sass $ptx"
           find kernels -name '*.cu' -o -name '*.cuh' -o -name '*.h' -o -name compile.sh | LC_ALL=C sort \
               | while IFS= read -r file; do echo "$file"; cat "$file"; done; } | sha256sum | cut -c1-64)
if [ -f "$report/inputs" ] && [ "$(cat "$report/inputs")" = "$inputs" ] && [ -f "$out/tweedie.fatbin" ]; then
    echo "kernels: unchanged, ${#sources[@]} sources"
    exit 0
fi

work=$report/build
rm -rf "$work" "$report/inputs"
mkdir -p "$work"
unity=$work/tweedie.cu
for source in "${sources[@]}"; do
    echo "#include \"${source#kernels/}\""
done > "$unity"

# One target: its image and what ptxas said of it.
compile() {
    local target=$1
    case $target in
        sm_*)      "$nvcc" "${flags[@]}" -cubin -arch="$target" -Xptxas -v -o "$work/$target.cubin" "$unity" > "$work/$target.txt" 2>&1 ;;
        compute_*) "$nvcc" "${flags[@]}" -ptx -arch="$target" -o "$work/$target.ptx" "$unity" > "$work/$target.txt" 2>&1 ;;
    esac
}
cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
targets=()
for version in $sass; do targets+=("sm_$version"); done
targets+=("compute_$ptx")

started=$SECONDS failed=""
running=() names=()
finish() { # waits for the oldest
    wait "${running[0]}" || failed="$failed ${names[0]}"
    running=("${running[@]:1}") names=("${names[@]:1}")
}
for target in "${targets[@]}"; do
    if [ ${#running[@]} -ge "$cores" ]; then finish; fi
    compile "$target" &
    running+=($!) names+=("$target")
done
while [ ${#running[@]} -gt 0 ]; do finish; done
if [ -n "$failed" ]; then
    for target in $failed; do
        echo "kernels: $target does not compile:" >&2
        cat "$work/$target.txt" >&2
    done
    exit 1
fi

images=()
: > "$report/ptxas.txt"
for version in $sass; do
    images+=("--image3=kind=elf,sm=$version,file=$work/sm_$version.cubin")
    cat "$work/sm_$version.txt" >> "$report/ptxas.txt"
done
images+=("--image3=kind=ptx,sm=$ptx,file=$work/compute_$ptx.ptx")
cat "$work/compute_$ptx.txt" >> "$report/ptxas.txt"
real=$(command -v "$nvcc")
fatbinary=$(dirname "$(readlink -f "$real")")/fatbinary
[ -x "$fatbinary" ] || fatbinary=$("$nvcc" --dryrun -fatbin -arch=sm_90 -o "$work/none" "$unity" 2>&1 | sed -n 's/^#\$ _HERE_=//p')/fatbinary
"$fatbinary" -64 --create="$work/tweedie.fatbin" "${images[@]}"

# A line an entry and target: name, target, registers, stack, spilled bytes, shared bytes.
awk '
    /Compiling entry function/ { split($0, q, "\x27"); name = q[2]; target = q[4]; stack = spill = 0; entry = 1 }
    /Function properties for/  { entry = ($NF == name) }
    entry && /bytes stack frame/ {
        for (i = 1; i <= NF; i++) {
            if ($i == "stack") stack = $(i - 2)
            if ($i == "spill") spill += $(i - 2)
        }
    }
    / Used [0-9]+ registers/ {
        registers = shared = 0
        for (i = 1; i <= NF; i++) {
            if ($i ~ /^registers/) registers = $(i - 1)
            if ($i ~ /^smem/) shared = $(i - 2)
        }
        print name, target, registers, stack, spill, shared
    }' "$report/ptxas.txt" | LC_ALL=C sort > "$report/resources.txt"
cut -d' ' -f1 "$report/resources.txt" | LC_ALL=C sort -u > "$out/kernels.txt"
mv "$work/tweedie.fatbin" "$out/tweedie.fatbin"
sha256sum < "$out/tweedie.fatbin" | cut -c1-64 > "$out/tweedie.fatbin.sha256"
echo "$inputs" > "$report/inputs"
echo "kernels: ${#sources[@]} sources, $(wc -l < "$out/kernels.txt") entries, targets ${targets[*]}, $(wc -c < "$out/tweedie.fatbin") bytes, $((SECONDS - started)) s"
