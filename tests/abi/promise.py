# SPDX-License-Identifier: Apache-2.0
#
# The rules of the ABI's growth (docs/abi.md) as functions of headers: what today's may not do to released ones. Each
# answers sentences that say what is broken and what to do; none means that the rule is kept.
import pathlib
import re

from sdk_headers import CLOSED, STRIDED, Headers

HERE = pathlib.Path(__file__).resolve().parent
FROZEN = HERE / "frozen"
# What a field may be made of. Anything wider or narrower elsewhere, or of no fixed size, is not in it.
FIELD_TYPE = re.compile(r"(const )?(u?int(8|32|64)_t|void|char|double|(struct )?myelin_\w+)( const)?\**")
BANNED = re.compile(r"\b(enum|union|_Bool|bool|long|short|unsigned|float|size_t)\b|\.\.\.|\w+ : \d|^char \w+$")


def frozen_versions():
    """The folders of the frozen SDKs, oldest first."""
    folders = [entry for entry in FROZEN.iterdir() if entry.is_dir()]
    return sorted(folders, key=lambda folder: version_of(folder.name))


def version_of(name):
    return tuple(int(part) for part in name.split("."))


def breaks(released, today):
    """What of `released` is gone or changed in `today`."""
    found = []
    for name, struct in released.structs.items():
        if name not in today.structs:
            found.append(f"{name} is gone: a released struct stays, put it back")
        else:
            found += _struct_breaks(name, struct, today.structs[name])
    found += _changes("constant", released.constants, today.constants)
    found += _changes("function", released.functions, today.functions)
    found += [f"the macro {name} is gone: put it back" for name in sorted(released.macros - today.macros)]
    return found


def _struct_breaks(name, old, new):
    found = []
    if old.attributes != new.attributes:
        found.append(f"{name} had the attributes '{old.attributes}' and has '{new.attributes}': put them back")
    for index, (was, field) in enumerate(zip(old.fields, old.names)):
        now = new.fields[index] if index < len(new.fields) else "nothing"
        if now != was and not _named_reserve(was, now):
            found.append(f"{name}.{field}, field {index + 1}, was '{was}' and is '{now}': a released field keeps its "
                         "place, type and name; put it back, and new ones behind the last")
    if name in CLOSED and len(new.fields) > len(old.fields):
        found.append(f"{name} has grown, and it never can: it has no struct_size, and stands by value in other structs "
                     "or in arrays without a stride; make a new struct")
    return found


def _named_reserve(was, now):
    """A `reserved` may get a name: whoever does not know it writes 0 there, which means as before."""
    return bool(re.fullmatch(r"uint32_t reserved", was) and re.fullmatch(r"uint32_t \w+", now))


def _changes(what, released, today):
    return [f"the {what} {name} was '{value}' and is '{today.get(name, 'gone')}': put it back, a released {what} never "
            "changes; give the new one another name"
            for name, value in sorted(released.items()) if today.get(name) != value]


def growth(released, today):
    """What `today` has more than `released`."""
    found = [f"{name}.{field}" for name, struct in today.structs.items() if name in released.structs
             for field in struct.names[len(released.structs[name].names):]]
    for more in ("structs", "constants", "functions"):
        found += sorted(set(getattr(today, more)) - set(getattr(released, more)))
    return found + sorted(today.macros - released.macros)


def version_faults(released, today):
    """Whether today's version tells of today's growth."""
    if today.version < released.version or today.version[0] != released.version[0]:
        return [f"MYELIN_ABI_MAJOR.MINOR is {_dotted(today.version)} and {_dotted(released.version)} was frozen: put it "
                "back, 1.x has one major and its minor only rises"]
    grown = growth(released, today)
    if not grown or today.version > released.version:
        return []
    return [f"the SDK has grown by {', '.join(grown)}, but its version is still {_dotted(today.version)}, which is frozen: "
            "raise MYELIN_ABI_MINOR in sdk/include/myelin/types.h, or if nobody was given that version yet, freeze it anew "
            f"(script/freeze-sdk {_dotted(today.version)} --replace); see docs/abi.md, 'To add a field'"]


def form_faults(today):
    """Structs and fields that could not keep the promise later."""
    return [fault for name, struct in today.structs.items() for fault in _form_of(name, struct)]


def _form_of(name, struct):
    found = []
    leading = struct.names[:2] if name == "myelin_plugin" else struct.names[:1]
    if name not in CLOSED | STRIDED and "struct_size" not in leading:
        found.append(f"{name} does not begin with struct_size, so it could never grow: let it")
    for field in struct.fields:
        by_value = re.match(r"(myelin_\w+) \w", field)
        if by_value and by_value[1] not in CLOSED:
            found.append(f"{name} holds {by_value[1]} by value ('{field}'), which may grow: hold a pointer")
        if BANNED.search(field) or not FIELD_TYPE.match(field):
            found.append(f"{name} has '{field}': the ABI is made of fixed-width integers, double, pointers, functions "
                         "and myelin_string")
    return found


def _dotted(version):
    return ".".join(map(str, version))


def today():
    return Headers(HERE.parent.parent / "sdk" / "include")


def released(folder):
    return Headers(folder / "include")
