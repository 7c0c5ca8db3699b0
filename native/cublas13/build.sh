#!/usr/bin/env bash
# Builds OUTDIR/libcublas.so.12, for hosts that have only CUDA 13: what JCublas 12.6 imports, forwarded to libcublas.so.13.
#
#   native/cublas13/build.sh OUTDIR
#
# Needs g++ and awk; x86-64. CXX names another compiler.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -eq 1 ] || { echo "usage: native/cublas13/build.sh OUTDIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
symbols=$here/../emulator/toolkit/jcublas-12.6.0.symbols
library=$out/libcublas.so.12
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk -f "$here/entries.awk" "$symbols" > "$work/entries.s"
echo 'libcublas.so.12 { global: cublas*; local: *; };' > "$work/version"
"${CXX:-g++}" -std=c++17 -O2 -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti -Wall -Wextra -shared -s -pthread \
    -Wl,-soname,libcublas.so.12 -Wl,--no-undefined -Wl,--as-needed -Wl,-z,now -Wl,-z,relro "-Wl,--version-script,$work/version" \
    "$here/forward.cc" "$work/entries.s" -ldl -o "$work/library"
absent=$(LC_ALL=C comm -23 "$symbols" <(nm -D --defined-only "$work/library" | awk '{ print $3 }' | sed 's/@.*//' | LC_ALL=C sort -u))
[ -z "$absent" ] || { echo "build.sh: libcublas.so.12 lacks $absent" >&2; exit 1; }
mv "$work/library" "$library"
