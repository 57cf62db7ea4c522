#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# Frozen SDKs are as they were released, and today's has all that they have. And the rules themselves: what each of them
# says to headers that break it.
import hashlib
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import promise
from sdk_headers import Headers

SDK = promise.HERE.parent.parent / "sdk" / "include"


class FrozenTest(unittest.TestCase):
    def test_there_is_one(self):
        self.assertIn("1.0", [folder.name for folder in promise.frozen_versions()])

    def test_frozen_files_are_never_edited(self):
        for folder in promise.frozen_versions():
            listed = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
            files = {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
                     for file in folder.rglob("*") if file.is_file() and file.name != "SHA256SUMS"}
            self.assertEqual(files, listed, f"tests/abi/frozen/{folder.name} is what was given to people: put it back with "
                                            "git, and change sdk/ instead")

    def test_headers_of_a_frozen_sdk_say_its_version(self):
        for folder in promise.frozen_versions():
            self.assertEqual(promise.released(folder).version, promise.version_of(folder.name))

    def test_today_has_all_that_was_released(self):
        for folder in promise.frozen_versions():
            self.assertEqual(promise.breaks(promise.released(folder), promise.today()), [],
                             f"plugins built against SDK {folder.name} would stop working")

    def test_growth_raises_the_minor(self):
        self.assertEqual(promise.version_faults(promise.released(promise.frozen_versions()[-1]), promise.today()), [])

    def test_plugins_are_small(self):
        for folder in promise.frozen_versions():
            plugins = list((folder / "plugins").glob("*.so"))
            self.assertEqual(len(plugins), 4)
            self.assertEqual([p.name for p in plugins if p.stat().st_size > 30 * 1024], [], "strip them")

    def test_sources_of_old_plugins_still_compile(self):
        """With today's headers: whoever does build again has nothing to change."""
        for folder in promise.frozen_versions():
            for source in sorted((folder / "plugins").glob("*.c*")):
                compiler = ["c++", "-std=c++17"] if source.suffix == ".cc" else ["cc", "-std=c11"]
                subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", "-I", SDK,
                                "-fsyntax-only", source], check=True)


class RulesTest(unittest.TestCase):
    """Headers that break a rule, made from today's, and the sentence that this gets."""

    @classmethod
    def setUpClass(cls):
        cls.released = promise.today()

    def edited(self, header, pattern, replacement):
        with tempfile.TemporaryDirectory(prefix="myelin-test-") as folder:
            include = pathlib.Path(folder) / "include"
            shutil.copytree(SDK, include)
            file = include / "myelin" / header
            text, count = re.subn(pattern, replacement, file.read_text(), count=1)
            self.assertEqual(count, 1, f"{header} has no {pattern}")
            file.write_text(text)
            return Headers(include)

    def assert_breaks(self, sentence, *edit):
        self.assertRegex("\n".join(promise.breaks(self.released, self.edited(*edit))), sentence)

    def test_a_field_that_changes(self):
        self.assert_breaks(r"myelin_pick\.index, field 2, was 'uint32_t index' and is 'uint64_t index'", "balancer.h",
                           "uint32_t index;", "uint64_t index;")

    def test_a_field_that_is_renamed(self):
        self.assert_breaks(r"is 'uint64_t wait_ns': a released field keeps", "limiter.h", "delay_ns;", "wait_ns;")

    def test_a_field_in_the_middle(self):
        self.assert_breaks(r"myelin_call\.now_ns, field 3", "call.h", "uint64_t now_ns;", r"uint32_t x; uint32_t y; \g<0>")

    def test_a_field_that_is_gone(self):
        self.assert_breaks(r"myelin_admit\.pushback_ms, field 6, .* is 'nothing'", "limiter.h", "int64_t pushback_ms;", "")

    def test_a_function_with_another_signature(self):
        self.assert_breaks(r"myelin_pool\.max_workers", "pool.h", r"\(\*max_workers\)\(void\* instance",
                           r"\g<0>, uint32_t more")

    def test_a_constant_with_another_value(self):
        self.assert_breaks("the constant MYELIN_PICK_FAIL was '2u' and is '3u'", "balancer.h", "PICK_FAIL 2u", "PICK_FAIL 3u")

    def test_an_interface_that_is_renamed(self):
        self.assert_breaks("MYELIN_POOL_1 was '\"myelin.pool/1\"'", "pool.h", '"myelin.pool/1"', '"myelin.pool/2"')

    def test_an_inline_function_that_is_gone(self):
        self.assert_breaks("the function myelin_count was", "host.h", r"static inline void myelin_count\(.*", "")

    def test_a_struct_whose_size_is_for_ever(self):
        self.assert_breaks("myelin_string has grown, and it never can", "types.h", "uint64_t size;", r"\g<0> uint64_t x;")

    def test_another_alignment(self):
        self.assert_breaks(r"myelin_endpoint_cell had the attributes", "endpoint.h", r"aligned\(64\)", "aligned(32)")

    def test_growth_at_the_end_breaks_nothing_but_needs_a_minor(self):
        grown = self.edited("call.h", r"uint32_t metadata_stride;", r"\g<0> uint64_t more;")
        self.assertEqual(promise.breaks(self.released, grown), [])
        self.assertEqual(promise.growth(self.released, grown), ["myelin_call.more"])
        self.assertRegex(promise.version_faults(self.released, grown)[0], r"grown by myelin_call\.more.*raise MYELIN_ABI_MINOR")
        grown.version = (1, self.released.version[1] + 1)
        self.assertEqual(promise.version_faults(self.released, grown), [])

    def test_a_reserve_may_get_a_name(self):
        self.assertEqual(promise.breaks(self.released, self.edited("host.h", "uint32_t reserved;", "uint32_t shards;")), [])

    def test_a_minor_that_falls(self):
        older = promise.today()
        older.version = (1, -1)
        self.assertRegex(promise.version_faults(self.released, older)[0], "its minor only rises")

    def test_a_struct_without_a_size(self):
        edited = self.edited("pool.h", "typedef struct myelin_tick ", r"typedef struct myelin_x { uint64_t a; } myelin_x; \g<0>")
        self.assertRegex("\n".join(promise.form_faults(edited)), "myelin_x does not begin with struct_size")

    def test_types_without_a_fixed_size(self):
        for field in ("long more;", "enum color more;", "bool more;", "size_t more;", "myelin_call more;", "int more;"):
            with self.subTest(field):
                edited = self.edited("pool.h", "uint64_t random;", rf"\g<0> {field}")
                self.assertRegex("\n".join(promise.form_faults(edited)), "myelin_pool_view (has|holds)")


if __name__ == "__main__":
    unittest.main(verbosity=2)
