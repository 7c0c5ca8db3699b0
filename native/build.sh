#!/usr/bin/env bash
# Builds the emulated CUDA driver for the tests: native/build.sh TARGET writes TARGET/emulator/libcuda.so.1; and, for hosts that have only
# CUDA 13, TARGET/cublas13/libcublas.so.12.
# Goes on without it where there is no g++: the tests then run on the host device only. CXX names another compiler.
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

bash native/emulator/build.sh "$out"
[ "$(uname -m)" != x86_64 ] || bash native/cublas13/build.sh "$1/cublas13"
