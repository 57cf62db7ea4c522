#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A policy with a mistake is refused by the compiler, with a sentence that says what was expected: each file of refused/
# names it in a line "// expect: TEXT". The same file compiles with -DCORRECT, so it is the mistake that is refused.
# usage: refused_test.sh INCLUDE_DIR CXX_COMPILER
set -u
include=$1 cxx=$2
failed=0 count=0
for file in "$(dirname "$0")"/refused/*.cc; do
  count=$((count + 1))
  expected=$(sed -n 's,^// expect: ,,p' "$file")
  if ! "$cxx" -std=c++17 -Wall -Wextra -Werror -DCORRECT -I "$include" -fsyntax-only "$file"; then
    echo "FAILED: $file does not compile with -DCORRECT"
    failed=1
  fi
  if output=$("$cxx" -std=c++17 -I "$include" -fsyntax-only "$file" 2>&1); then
    echo "FAILED: $file compiles"
    failed=1
  elif ! printf '%s' "$output" | grep -qF -- "$expected"; then
    echo "FAILED: $file is refused without '$expected':"
    printf '%s\n' "$output"
    failed=1
  fi
done
echo "$count mistakes refused"
[ "$count" -gt 0 ] && exit $failed
