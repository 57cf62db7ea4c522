#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# Makes the headers of a future SDK of today's: each struct that can grow has grown at its end, and the minor is 99.
# usage: grow.py INCLUDE_DIR OUT_DIR
import pathlib
import re
import sys

from sdk_headers import CLOSED


def grown(text):
    def longer(match):
        return match[0] if match[1] in CLOSED else f"  uint64_t future[3];\n{match[0]}"
    text = re.sub(r"^\} (myelin_\w+);$", longer, text, flags=re.M)
    return re.sub(r"(?<=#define MYELIN_ABI_MINOR )\d+u", "99u", text)


def main(include, out):
    for file in (*include.rglob("*.h"), *include.rglob("*.hpp")):
        target = out / file.relative_to(include)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(grown(file.read_text()))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
