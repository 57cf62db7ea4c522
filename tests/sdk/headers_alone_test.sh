#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every header of the SDK compiles by itself, the C ones as C11 and C++17, and the ABI's layout holds.
# usage: headers_alone_test.sh INCLUDE_DIR C_COMPILER CXX_COMPILER; answers 77 if there is no such compiler.
set -u
include=$1 cc=$2 cxx=$3
here=$(dirname "$0")
command -v "$cc" >/dev/null && command -v "$cxx" >/dev/null || { echo "no $cc or no $cxx here"; exit 77; }

warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef -Werror"
failed=0 count=0

# compile LANGUAGE_FLAGS... FILE
compile() {
  count=$((count + 1))
  "$@" $warnings -I "$include" -fsyntax-only || { echo "FAILED: $*"; failed=1; }
}

for header in "$include"/myelin/*.h; do
  compile "$cc" -std=c11 -x c -include "$header" /dev/null
  compile "$cxx" -std=c++17 -x c++ -include "$header" /dev/null
done
for header in "$include"/myelin/*.hpp "$include"/myelin/cpp/*.hpp; do
  compile "$cxx" -std=c++17 -x c++ -include "$header" /dev/null
done
compile "$cc" -std=c11 "$here/layout.c"
compile "$cxx" -std=c++17 "$here/layout.cc"

echo "$count compilations with $cc and $cxx"
[ "$count" -gt 20 ] && exit $failed
