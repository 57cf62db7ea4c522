# SPDX-License-Identifier: Apache-2.0
#
# What the scripts of this folder share; sourced, never run. Sets `root` to the top of the tree.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export DEBIAN_FRONTEND=noninteractive

# Prints the script's own head comment: everything from line 4 to the first line that is no comment.
usage() { sed -n '4,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$0"; }

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
if [[ ! -t 1 ]]; then say() { printf '==> %s\n' "$*"; }; fi

# Ends the script: 2 for a wrong command line, 1 for anything else.
usage_error() { printf '%s: %s (try --help)\n' "${0##*/}" "$*" >&2; exit 2; }
fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# The folder a preset of CMakePresets.json builds in.
build_dir() { if [[ $1 == release ]]; then echo "$root/build"; else echo "$root/build/$1"; fi; }

is_preset() { [[ $1 =~ ^(release|debug|asan|tsan)$ ]]; }
