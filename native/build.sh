#!/usr/bin/env bash
# Builds the emulated CUDA driver for the tests: native/build.sh TARGET writes TARGET/emulator/libcuda.so.1
# Skips when nothing it reads has changed, and when there is no g++ (the tests then run without it). CXX names another compiler.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# -ne 1 ]; then
    echo "usage: native/build.sh TARGET" >&2
    exit 2
fi
out=$1/emulator
export CXX=${CXX:-g++}
[ -f native/emulator/build.sh ] || exit 0
if ! command -v "$CXX" >/dev/null 2>&1; then
    echo "emulator: no $CXX on the path, so no emulated GPU: tests run on the host device only"
    rm -rf "$out"
    exit 0
fi

mkdir -p "$out"
exec 9> "$out/lock"
command -v flock >/dev/null 2>&1 && flock 9
inputs=$({ "$CXX" --version; find native kernels -type f | LC_ALL=C sort | while IFS= read -r file; do echo "$file"; cat "$file"; done; } \
    | sha256sum | cut -c1-64)
if [ -f "$out/libcuda.so.1" ] && [ "$(cat "$out/inputs" 2>/dev/null)" = "$inputs" ]; then
    echo "emulator: unchanged"
    exit 0
fi
rm -f "$out/inputs"
started=$SECONDS
bash native/emulator/build.sh "$out"
echo "$inputs" > "$out/inputs"
echo "emulator: $(wc -c < "$out/libcuda.so.1") bytes, $((SECONDS - started)) s"
