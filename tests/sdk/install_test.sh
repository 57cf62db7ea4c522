#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The SDK as a third party meets it: installed, moved elsewhere, and used through CMake and pkg-config by the examples and
# the template, which are taken from the installation. Leaves the plugins in WORK_DIR/plugins.
# usage: install_test.sh CMAKE BUILD_DIR WORK_DIR
set -eu
cmake=$1 build=$2 work=$3
: "${CC:=cc}" "${CXX:=c++}"
export CC CXX

fail() { echo "FAILED: $*"; exit 1; }

mkdir -p "$work"
for part in staged prefix examples plugins; do rm -rf "${work:?}/$part"; done
"$cmake" --install "$build" --component sdk --prefix "$work/staged" >/dev/null
mv "$work/staged" "$work/prefix"
mkdir "$work/plugins"
share=$work/prefix/share/myelin-sdk
head -n 1 "$share/README.md" | grep -q 'no rebuild, ever' || fail "README.md does not begin with the promise"

# build_with_cmake SOURCE NAME
build_with_cmake() {
  "$cmake" -S "$share/$1" -B "$work/examples/$2" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS="-Wall -Wextra -Wpedantic -Werror" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Wpedantic -Werror" >/dev/null
  "$cmake" --build "$work/examples/$2" >"$work/examples/$2/build.log" || { cat "$work/examples/$2/build.log"; exit 1; }
  cp "$work/examples/$2/myelin_$2.so" "$work/plugins/"
}

build_with_cmake examples/first_pick_c first_pick_c
build_with_cmake examples/round_robin_cpp round_robin_cpp
build_with_cmake template my_balancer
"$cmake" --install "$work/examples/my_balancer" --prefix "$work/prefix" >/dev/null
find "$work/prefix" -path '*/myelin/plugins/myelin_my_balancer.so' | grep -q . || fail "the template installs no plugin"

export PKG_CONFIG_PATH="$work/prefix/share/pkgconfig"
cp -r "$share/examples/maintenance_c" "$work/examples/"
make -s -C "$work/examples/maintenance_c" CC="$CC" CFLAGS="-O2 -Wall -Wextra -Wpedantic -Werror"
cp "$work/examples/maintenance_c/myelin_maintenance_c.so" "$work/plugins/"
# shellcheck disable=SC2046
$CXX -std=c++17 -O2 -Wall -Werror -o "$work/examples/again.so" "$share/examples/round_robin_cpp/round_robin.cc" \
  $(pkg-config --cflags --libs myelin-sdk)

count=0
for plugin in "$work"/plugins/*.so "$work/examples/again.so"; do
  count=$((count + 1))
  exported=$(nm -D --defined-only "$plugin" | awk '{print $3}')
  [ "$exported" = myelin_plugin_v1 ] || fail "$plugin exports $exported"
done
[ "$count" -eq 5 ] || fail "$count plugins"

# A package of another major is not taken for this one.
mkdir -p "$work/examples/next_major"
printf 'cmake_minimum_required(VERSION 3.16)\nproject(next LANGUAGES C)\nfind_package(myelin-sdk 2.0 REQUIRED)\n' \
  >"$work/examples/next_major/CMakeLists.txt"
if "$cmake" -S "$work/examples/next_major" -B "$work/examples/next_major/build" -DCMAKE_PREFIX_PATH="$work/prefix" \
  >"$work/examples/next_major/log" 2>&1; then
  fail "find_package(myelin-sdk 2.0) takes version 1"
fi
grep -q 'compatible with requested version "2.0"' "$work/examples/next_major/log" || fail "find_package fails for another reason"
echo "$count plugins built against the installed SDK"
