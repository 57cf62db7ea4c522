#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# Today's headers keep the form that lets them grow, and every field and constant of theirs is held still by the
# assertions of tests/sdk and used by a probe.
import re
import unittest

import promise

SDK_TESTS = promise.HERE.parent / "sdk"
NOT_COMPARED = ("_1", "MAGIC", "ENTRY_SYMBOL", "NO_DEADLINE")  # texts, and two that are not 32 bits; frozen_test.py


class HeadersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.today = promise.today()

    def test_structs_are_made_to_grow(self):
        self.assertEqual(promise.form_faults(self.today), [])

    def test_layout_has_every_field(self):
        """layout.c and layout.cc compile these lines with gcc and clang, as C11 and C++17 (sdk.HeadersCompileAlone…)."""
        held = re.findall(r"^FIELD\((\w+), (\w+),", (SDK_TESTS / "layout_v1.inc").read_text(), re.M)
        there = [(name, field) for name, struct in self.today.structs.items() for field in struct.names]
        self.assertEqual(sorted(set(there) - set(held)), [],
                         "add these fields to tests/sdk/layout_v1.inc, so that nobody moves them")
        self.assertEqual(sorted(set(held) - set(there)), [], "tests/sdk/layout_v1.inc names fields that do not exist")

    def test_layout_has_every_size(self):
        held = re.findall(r"^SIZE\((\w+),", (SDK_TESTS / "layout_v1.inc").read_text(), re.M)
        self.assertEqual(sorted(held), sorted(self.today.structs), "each struct has one SIZE line in layout_v1.inc")

    def test_constants_are_held(self):
        held = re.findall(r"^VALUE\((\w+),", (SDK_TESTS / "constants_v1.inc").read_text(), re.M)
        there = {name for name in self.today.constants if not name.endswith(NOT_COMPARED)}
        self.assertEqual(sorted(there - set(held)), [], "add these constants to tests/sdk/constants_v1.inc")

    def test_probes_touch_every_field(self):
        text = "".join(file.read_text() for file in sorted((promise.HERE / "plugins").iterdir()))
        unused = [f"{name}.{field}" for name, struct in self.today.structs.items() for field in struct.names
                  if field != "reserved" and not re.search(rf"(->|\.|, ){field}\b", text)]
        self.assertEqual(unused, [], "let a probe in tests/abi/plugins use these fields, or no later host is checked for "
                                     "them")


if __name__ == "__main__":
    unittest.main(verbosity=2)
