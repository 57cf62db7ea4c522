#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# What the compiler makes of the SDK's structs, as libabigail's abidw writes it down: offsets, sizes, types, signatures.
# usage: abi_xml.py INCLUDE_DIR OUT    writes the baseline that is frozen with an SDK
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

from sdk_headers import Headers

TOOLS = [tool for tool in ("abidw", "abidiff") if shutil.which(tool) is None]
# Of the machine and of chance nothing is to be in the file.
ABIDW = ["abidw", "--no-comp-dir-path", "--no-corpus-path", "--no-show-locs", "--no-elf-needed", "--no-parameter-names",
         "--type-id-style", "hash"]


def describe(include, structs, out):
    """Writes the types of `structs`, as the headers in `include` declare them, to the file `out`."""
    with tempfile.TemporaryDirectory(prefix="myelin-test-") as folder:
        source = pathlib.Path(folder) / "sdk.c"
        source.write_text("#include <myelin/myelin.h>\n" + "".join(map(_touch, sorted(structs))))
        compiler = os.environ.get("CC", "cc")
        subprocess.run([compiler, "-std=c11", "-g", "-shared", "-fPIC", "-I", pathlib.Path(include).resolve(), "sdk.c",
                        "-o", "sdk.so"], cwd=folder, check=True)
        subprocess.run([*ABIDW, "--out-file", pathlib.Path(out).resolve(), "sdk.so"], cwd=folder, check=True)


def _touch(struct):
    """A function that takes the struct, which makes the compiler describe it."""
    return f"void abi_{struct}({struct}* shown);\nvoid abi_{struct}({struct}* shown) {{ (void)shown; }}\n"


def cut(xml, released):
    """Takes out of the file `xml` the fields that the structs of the description `released` do not have yet, so that what
    differs then is no growth."""
    tree, old = ElementTree.parse(xml), _structs(ElementTree.parse(released))
    for name, struct in _structs(tree).items():
        more = struct.findall("data-member")[len(old[name].findall("data-member")):] if name in old else []
        for member in more:
            struct.remove(member)
        if more:
            struct.set("size-in-bits", old[name].get("size-in-bits"))
    tree.write(xml)


def _structs(tree):
    found = (node for node in tree.iter("class-decl") if node.get("name", "").startswith("myelin_"))
    return {node.get("name"): node for node in found if node.find("data-member") is not None}


def compare(released, xml):
    """abidiff's exit code and report. The code has 1 or 2 for trouble of its own, 4 for a change."""
    result = subprocess.run(["abidiff", released, xml], capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


if __name__ == "__main__":
    describe(sys.argv[1], Headers(sys.argv[1]).structs, sys.argv[2])
