#!/usr/bin/env bash
# Builds the emulated CUDA driver: OUTDIR/libcuda.so.1, with all kernels of kernels/ and the self-test's in it, and the self-test; beside it
# stand-ins of libcublas.so.12 and libcurand.so.10.
#
#   native/emulator/build.sh OUTDIR [--sanitize] [--kernels DIR]... [--mutant DIR LIBDIR]
#
#   --sanitize     AddressSanitizer and UndefinedBehaviorSanitizer, for kernels and driver
#   --kernels DIR  further kernel sources (DIR/**/*.cu, which include by paths relative to DIR)
#   --mutant DIR LIBDIR
#                  then LIBDIR/libcuda.so.1, in which the files of DIR stand for those of kernels/ with their names
#
# Needs g++ and bash. Compiles what changed; CXX names another compiler, JOBS the number of them at once (default 2).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cxx=${CXX:-g++}
jobs=${JOBS:-2}
out=
sanitize=
mutant=
mutant_out=
kernel_roots=("$root/kernels" "$here/selftest/kernels")
while [ $# -gt 0 ]; do
    case $1 in
        --sanitize) sanitize=yes ;;
        --kernels) kernel_roots+=("$(cd "$2" && pwd)"); shift ;;
        --mutant)
            mutant=$(cd "$2" && pwd)
            mkdir -p "$3"
            mutant_out=$(cd "$3" && pwd)
            shift 2
            ;;
        -*) echo "build.sh: unknown option $1 (--sanitize, --kernels DIR, --mutant DIR LIBDIR)" >&2; exit 2 ;;
        *) out=$1 ;;
    esac
    shift
done
[ -n "$out" ] || { echo "usage: build.sh OUTDIR [--sanitize] [--kernels DIR]... [--mutant DIR LIBDIR]" >&2; exit 2; }
mkdir -p "$out/objects"
out=$(cd "$out" && pwd)
objects=$out/objects
if command -v flock >/dev/null; then
    exec 9>"$out/.lock"
    flock 9
fi

common=(-std=c++17 -g1 -fPIC -fvisibility=hidden -ffp-contract=off -mfma -fno-math-errno -pthread -DTWEEDIE_EMU -Wall -Wextra)
[ "$(uname -m)" = x86_64 ] && common+=(-mtls-dialect=gnu2)
if [ -n "$sanitize" ]; then
    common+=(-O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize=vptr)
else
    # indices that overflow wrap, as in machine code, and are not widened because they must not overflow
    common+=(-O2 -fwrapv)
fi
kernel_flags=("${common[@]}" -fno-strict-aliasing -Wno-unknown-pragmas -Wno-unused-function -Wno-unused-variable -Wno-unused-parameter -I "$root/native")

# what the objects were made with: other flags make them stale
signature="$("$cxx" -dumpfullversion) ${common[*]}"
if [ ! -f "$out/.signature" ] || [ "$(cat "$out/.signature")" != "$signature" ]; then
    rm -rf "$objects"
    mkdir -p "$objects"
    printf '%s' "$signature" > "$out/.signature"
fi

# stale OBJECT: true where it is missing or older than anything it was made from
stale() {
    [ -f "$1" ] && [ -f "${1%.o}.d" ] || return 0
    local dependency
    for dependency in $(sed -e 's/^[^:]*://' -e 's/\\$//' "${1%.o}.d"); do
        [ "$dependency" -nt "$1" ] && return 0
        [ -e "$dependency" ] || return 0
    done
    [ "$here/build.sh" -nt "$1" ]
}

failed=$out/.failed
rm -f "$failed"
throttle() { while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || true; done; }

compile() {  # compile SOURCE OBJECT FLAGS...
    local source=$1 object=$2
    shift 2
    stale "$object" || return 0
    throttle
    { "$cxx" "$@" -MMD -MF "${object%.o}.d" -c "$source" -o "$object.new" && mv "$object.new" "$object" || touch "$failed"; } &
}

driver_objects=()
for source in "$here"/*.cc "$here"/driver/*.cc; do
    [ "$source" = "$here/scan.cc" ] && continue
    object=$objects/driver-$(basename "$source" .cc).o
    driver_objects+=("$object")
    compile "$source" "$object" "${common[@]}" -O2 -I "$root/native"  # few, and busy
done

for name in cublas curand; do compile "$here/toolkit/$name.cc" "$objects/toolkit-$name.o" "${common[@]}" -I "$root/native"; done

if [ ! -x "$objects/scan" ] || [ "$here/scan.cc" -nt "$objects/scan" ]; then
    "$cxx" -std=c++17 -O1 -Wall -Wextra "$here/scan.cc" -o "$objects/scan.new" && mv "$objects/scan.new" "$objects/scan"
fi

kernel() {  # kernel ROOT SOURCE OBJECT [FIRST]: scan, then compile, with the files of FIRST before those of ROOT
    local kernels=$1 source=$2 object=$3
    local include=(${4:+-I "$4"} -I "$kernels" -I "$root/kernels")
    [ -n "${4:-}" ] && [ -f "$4/$source" ] && kernels=$4
    local wrapper=${object%.o}.cc
    "$cxx" -E -P -x c++ "${kernel_flags[@]}" "${include[@]}" -DTWEEDIE_EMU_SCAN "$kernels/$source" > "${object%.o}.ii" \
        && "$objects/scan" "$source" < "${object%.o}.ii" > "$wrapper" \
        && "$cxx" "${kernel_flags[@]}" "${include[@]}" -MMD -MF "${object%.o}.d" -c "$wrapper" -o "$object.new" \
        && mv "$object.new" "$object" || touch "$failed"
    rm -f "${object%.o}.ii"
}
kernel_objects=()
declare -A origin  # of an object, the root of its source
for kernels in "${kernel_roots[@]}"; do
    [ -d "$kernels" ] || continue
    while IFS= read -r source; do
        object=$objects/kernel-$(basename "$kernels")-$(printf '%s' "${source%.cu}" | tr '/' '-').o
        kernel_objects+=("$object")
        origin[$object]=$kernels
        stale "$object" || continue
        throttle
        kernel "$kernels" "$source" "$object" &
    done < <(cd "$kernels" && find . -name '*.cu' | sed 's|^\./||' | LC_ALL=C sort)
done
wait
[ ! -e "$failed" ] || { echo "build.sh: the emulated driver does not compile" >&2; exit 1; }

# a stub for every entry point that JCuda imports and the driver does not define
defined=$(nm --defined-only "${driver_objects[@]}" | awk '$2 == "T" && $3 ~ /^cu/ { print $3 }' | LC_ALL=C sort -u)
{
    echo 'extern "C" int tw_unsupported(const char* name);'
    echo '#define TW_STUB(name) extern "C" __attribute__((visibility("default"))) int name() { return tw_unsupported(#name); }'
    LC_ALL=C comm -23 <(LC_ALL=C sort -u "$here/jcuda-12.6.0.symbols") <(printf '%s\n' "$defined") | sed 's/.*/TW_STUB(&)/'
} > "$objects/stubs.new"
cmp -s "$objects/stubs.new" "$objects/stubs.cc" || mv "$objects/stubs.new" "$objects/stubs.cc"
compile "$objects/stubs.cc" "$objects/stubs.o" "${common[@]}"
stand_in() {  # stand_in NAME SYMBOLS: objects of the library, and a stub for every symbol that JCuda imports and it does not define
    local name=$1 symbols=$2 object=$objects/toolkit-$1.o
    {
        echo 'extern "C" int tw_unsupported(const char* name);'
        echo '#define TW_STUB(name) extern "C" __attribute__((visibility("default"))) int name() { return tw_unsupported(#name); }'
        LC_ALL=C comm -23 "$symbols" <(nm --defined-only "$object" | awk '$2 == "T" { print $3 }' | LC_ALL=C sort -u) | sed 's/.*/TW_STUB(&)/'
    } > "$object.stubs.new"
    cmp -s "$object.stubs.new" "$objects/toolkit-$name-stubs.cc" || mv "$object.stubs.new" "$objects/toolkit-$name-stubs.cc"
    compile "$objects/toolkit-$name-stubs.cc" "$objects/toolkit-$name-stubs.o" "${common[@]}"
}
stand_in cublas "$here/toolkit/jcublas-12.6.0.symbols"
stand_in curand "$here/toolkit/jcurand-11.8.0.symbols"
for source in "$here"/selftest/*.cc; do
    compile "$source" "$objects/selftest-$(basename "$source" .cc).o" "${common[@]}" -I "$root/native"
done
wait
[ ! -e "$failed" ] || { echo "build.sh: the self-test does not compile" >&2; exit 1; }

newer() {  # newer TARGET FILES...: true where the target is missing or older than a file
    local target=$1 file
    shift
    [ -e "$target" ] || return 0
    for file in "$@"; do [ "$file" -nt "$target" ] && return 0; done
    return 1
}
library=$out/libcuda.so.1
all=("${driver_objects[@]}" "$objects/stubs.o" "${kernel_objects[@]}")
printf '%s\n' "${all[@]}" > "$objects/list.new"
if newer "$library" "${all[@]}" || ! cmp -s "$objects/list.new" "$objects/list"; then
    "$cxx" "${common[@]}" -shared -Wl,-soname,libcuda.so.1 -Wl,--no-undefined "${all[@]}" -o "$library.new"
    mv "$library.new" "$library"  # whoever has the old one open keeps it
    mv "$objects/list.new" "$objects/list"
fi
missing=$(LC_ALL=C comm -23 <(LC_ALL=C sort -u "$here/jcuda-12.6.0.symbols") <(nm -D --defined-only "$library" | awk '{ print $3 }' | LC_ALL=C sort -u))
[ -z "$missing" ] || { echo "build.sh: not exported: $missing" >&2; exit 1; }

toolkit() {  # toolkit NAME SONAME SYMBOLS: the library, its symbols under the version that JCuda's natives ask for
    local name=$1 soname=$2 symbols=$3 library=$out/$2
    local parts=("$objects/toolkit-$name.o" "$objects/toolkit-$name-stubs.o")
    if newer "$library" "${parts[@]}"; then
        echo "$soname { global: $name*; local: *; };" > "$objects/$name.map"
        "$cxx" "${common[@]}" -shared "-Wl,-soname,$soname" -Wl,--no-undefined "-Wl,--version-script,$objects/$name.map" "${parts[@]}" \
            "$out/libcuda.so.1" -o "$library.new"
        mv "$library.new" "$library"
    fi
    local absent
    absent=$(LC_ALL=C comm -23 "$symbols" <(nm -D --defined-only "$library" | awk '{ print $3 }' | sed 's/@.*//' | LC_ALL=C sort -u))
    [ -z "$absent" ] || { echo "build.sh: $soname lacks $absent" >&2; exit 1; }
}
toolkit cublas libcublas.so.12 "$here/toolkit/jcublas-12.6.0.symbols"
toolkit curand libcurand.so.10 "$here/toolkit/jcurand-11.8.0.symbols"

if newer "$out/selftest" "$library" "$objects"/selftest-*.o; then
    "$cxx" "${common[@]}" "$objects"/selftest-*.o "$library" -Wl,-rpath,'$ORIGIN' -o "$out/selftest.new"
    mv "$out/selftest.new" "$out/selftest"
fi

if [ -n "$mutant" ]; then
    changed=$(cd "$mutant" && find . -type f | sed 's|^\./||')
    [ -n "$changed" ] || { echo "build.sh: nothing in $mutant" >&2; exit 1; }
    # what is built is only read from here on: mutants may be made side by side
    command -v flock >/dev/null && flock -u 9
    # tried a few times and thrown away: sooner compiled than run
    kernel_flags+=(-O1 -g0)
    failed=$mutant_out/.failed
    parts=()
    for object in "${kernel_objects[@]}"; do
        part=$object
        for file in $changed; do
            # made from the file, or from a source that includes it
            if grep -qF "$root/kernels/$file" "${object%.o}.d"; then
                part=$mutant_out/$(basename "$object")
                break
            fi
        done
        parts+=("$part")
        [ "$part" != "$object" ] || continue
        source=$(sed -n 's|^#include "\(.*\.cu\)"$|\1|p' "${object%.o}.cc")
        throttle
        kernel "${origin[$object]}" "$source" "$part" "$mutant" &
    done
    wait
    [ ! -e "$failed" ] || { echo "build.sh: the mutant does not compile" >&2; exit 1; }
    [ "${parts[*]}" != "${kernel_objects[*]}" ] || { echo "build.sh: no kernel is made from $changed" >&2; exit 1; }
    "$cxx" "${common[@]}" -shared -Wl,-soname,libcuda.so.1 -Wl,--no-undefined "${driver_objects[@]}" "$objects/stubs.o" "${parts[@]}" \
        -o "$mutant_out/libcuda.so.1"
fi
