#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# What the compiler makes of today's headers is what it made of each frozen SDK's, by libabigail. Fields at the end of a
# struct are growth (frozen_test.py asks for the minor); all else that differs breaks plugins.
import pathlib
import re
import shutil
import tempfile
import unittest

import abi_xml
import promise

SDK = promise.HERE.parent.parent / "sdk" / "include"


@unittest.skipIf(abi_xml.TOOLS, f"no {' and no '.join(abi_xml.TOOLS)} here: install abigail-tools (script/bootstrap --for test)")
class BaselineTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="myelin-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def compared(self, frozen, include=SDK):
        """Exit code and report of today's description, without its growth, beside the frozen one."""
        today = self.folder / f"{frozen.name}.abi"
        abi_xml.describe(include, promise.released(frozen).structs, today)
        abi_xml.cut(today, frozen / "baseline.abi")
        return abi_xml.compare(frozen / "baseline.abi", today)

    def compared_with_edit(self, header, pattern, replacement):
        include = self.folder / "include"
        shutil.copytree(SDK, include)
        file = include / "myelin" / header
        text, count = re.subn(pattern, replacement, file.read_text(), count=1)
        self.assertEqual(count, 1)
        file.write_text(text)
        return self.compared(promise.frozen_versions()[-1], include)

    def test_every_frozen_sdk_is_laid_out_as_ever(self):
        for frozen in promise.frozen_versions():
            with self.subTest(frozen.name):
                code, report = self.compared(frozen)
                self.assertEqual(code, 0, f"plugins built against SDK {frozen.name} would read and write the wrong bytes. "
                                          "Put back what is named below; a new field goes behind the last, see docs/abi.md."
                                          f"\n{report}")

    def test_growth_at_the_end_is_no_difference(self):
        code, report = self.compared_with_edit("balancer.h", r"myelin_string message;", r"\g<0> uint64_t more;")
        self.assertEqual(code, 0, report)

    def test_a_wider_field_is_a_difference(self):
        code, report = self.compared_with_edit("balancer.h", "uint32_t index;", "uint64_t index;")
        self.assertEqual((code, "myelin_pick" in report), (4, True), report)

    def test_a_field_in_the_middle_is_a_difference(self):
        code, report = self.compared_with_edit("endpoint.h", "uint64_t id;", r"\g<0> uint64_t more;")
        self.assertEqual((code, "myelin_endpoint" in report), (4, True), report)

    def test_another_signature_is_a_difference(self):
        code, report = self.compared_with_edit("pool.h", r"\(\*max_workers\)\(void\* instance", r"\g<0>, uint32_t more")
        self.assertEqual((code, "max_workers" in report), (4, True), report)

    def test_another_alignment_is_a_difference(self):
        code, report = self.compared_with_edit("endpoint.h", "uint64_t reserved.3.;", "uint64_t reserved[11];")
        self.assertEqual((code, "myelin_endpoint_cell" in report), (4, True), report)


if __name__ == "__main__":
    unittest.main(verbosity=2)
