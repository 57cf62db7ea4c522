# SPDX-License-Identifier: Apache-2.0
#
# Reads the C headers of an SDK: its structs with their fields as declared, its constants, its functions. The headers are
# plain enough (one `typedef struct NAME {…} NAME;` per struct) that the preprocessor and two patterns do.
import os
import re
import subprocess

STRUCT = re.compile(r"typedef struct\s*(?P<attributes>__attribute__\(\(.*?\)\)\))?\s*(?P<name>myelin_\w+)\s*"
                    r"\{(?P<fields>[^{}]*)\}\s*(?P=name);")
FUNCTION = re.compile(r"^(?:static inline\s+|__attribute__\(\(visibility\(\"default\"\)\)\)\s+)(?P<answer>[\w ]+?\**)\s*"
                      r"(?P<name>myelin_\w+)\((?P<parameters>[^)]*)\)\s*[{;]", re.M)
# Without a struct_size, so their size is for ever: they stand by value in other structs, or in arrays without a stride.
CLOSED = {"myelin_string", "myelin_pair"}
# Without a struct_size, but always in an array with a stride.
STRIDED = {"myelin_metadata", "myelin_tick_command"}


class Struct:
    """`fields` are declarations in order, `names` the names they declare."""

    def __init__(self, attributes, body):
        self.attributes = " ".join((attributes or "").split())
        self.fields = [" ".join(field.split()) for field in body.split(";") if field.strip()]
        self.names = [_declared(field) for field in self.fields]


def _declared(field):
    pointer = re.search(r"\(\*(\w+)\)", field)
    return pointer[1] if pointer else re.search(r"(\w+)(?:\[\w+\])?$", field)[1]


class Headers:
    """The SDK in `include`, which holds myelin/myelin.h. `compiler` preprocesses it."""

    def __init__(self, include, compiler=os.environ.get("CC", "cc")):
        self.include = str(include)
        self._compiler = compiler
        text = self._preprocess("-P")
        self.structs = {m["name"]: Struct(m["attributes"], m["fields"]) for m in STRUCT.finditer(text)}
        self.functions = {m["name"]: " ".join(f"{m['answer']} ({m['parameters']})".split())
                          for m in FUNCTION.finditer(text)}
        defined = re.findall(r"^#define (MYELIN_\w+)(\(.*?\))? *(.*)$", self._preprocess("-dM"), re.M)
        self.constants = {name: value for name, parameters, value in defined if value and not parameters}
        self.macros = {name for name, parameters, _ in defined if parameters}
        self.version = tuple(int(self.constants.pop(f"MYELIN_ABI_{part}").rstrip("u")) for part in ("MAJOR", "MINOR"))
        del self.constants["MYELIN_EXPORT"]
        if len(self.structs) < 20 or len(self.constants) < 70:
            raise ValueError(f"{include}: {len(self.structs)} structs and {len(self.constants)} constants were "
                             "understood, there must be more: keep to the headers' form, or teach sdk_headers.py")

    def _preprocess(self, how):
        command = [self._compiler, "-std=c11", "-E", how, "-I", self.include, "-x", "c", "-"]
        return subprocess.run(command, input="#include <myelin/myelin.h>\n", capture_output=True, text=True,
                              check=True).stdout
