#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# What the binaries' own help says must be said by the man pages and the shells' completions too.
# Needs MYELIN_BIN, the folder of the binaries.
import os
import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ["MYELIN_BIN"])
COMMANDS = ("run", "check", "dump", "convert", "plugins", "reload", "rollback", "swap", "drain")
SHELLS = {"bash": "myelin.bash", "zsh": "_myelin", "fish": "myelin.fish"}


def flags(program, *arguments):
    """The long options that a help text lists at the beginning of a line, without the dashes."""
    text = subprocess.run([BIN / program, *arguments, "--help"], capture_output=True, text=True, check=True).stdout
    found = set(re.findall(r"^ +(?:-\w, )?--([\w-]+)", text, re.M)) | set(re.findall(r"[^\w-]--([\w-]+)", text))
    return found


def all_flags():
    return flags("myelin").union(*(flags("myelin", command) for command in COMMANDS))


def man(name):
    """A page's source with its escaped hyphens plain."""
    return (ROOT / "docs" / "man" / name).read_text().replace("\\-", "-")


def completion(shell):
    return (ROOT / "completions" / SHELLS[shell]).read_text()


def offers(text, shell, flag):
    pattern = rf"-l {flag}\b(?!-)" if shell == "fish" else rf"--{flag}\b(?!-)"
    return re.search(pattern, text) is not None


class CommandsTest(unittest.TestCase):
    def test_help_lists_flags(self):
        """Else the other tests would pass for nothing."""
        self.assertLessEqual({"config", "listen", "balancer", "proxy", "output"}, all_flags())
        self.assertEqual(flags("myelin-plugin-check"), {"option", "output", "policy", "time-limit"})

    def test_man_page_has_every_flag(self):
        page = man("myelin.1")
        self.assertEqual([f for f in sorted(all_flags()) if not re.search(rf"--{f}\b(?!-)", page)], [])
        page = man("myelin-plugin-check.1")
        self.assertEqual([f for f in flags("myelin-plugin-check") if f"--{f}" not in page], [])

    def test_man_page_has_every_command_and_exit_code(self):
        page = man("myelin.1")
        section = page[page.index(".SH COMMANDS"):page.index(".SH OPTIONS")]
        self.assertEqual([c for c in COMMANDS if not re.search(rf"^\.BI? \"?{c}\b", section, re.M)], [])
        status = page[page.index(".SH EXIT STATUS"):]
        self.assertEqual(re.findall(r"^\.B (\d)$", status, re.M), ["0", "1", "2"])

    def test_completions_have_every_flag_and_command(self):
        for shell in SHELLS:
            with self.subTest(shell):
                text = completion(shell)
                wanted = all_flags() | flags("myelin-plugin-check")
                self.assertEqual([f for f in sorted(wanted) if not offers(text, shell, f)], [])
                self.assertEqual([c for c in COMMANDS if not re.search(rf"\b{c}\b", text)], [])

    def test_man_pages_format_without_a_warning(self):
        formatter = shutil.which("groff")
        if formatter is None:
            self.skipTest("no groff")
        for page in sorted((ROOT / "docs" / "man").glob("*.1")):
            with self.subTest(page.name):
                result = subprocess.run([formatter, "-man", "-Tutf8", "-ww", "-z", page], capture_output=True, text=True)
                self.assertEqual((result.returncode, result.stderr), (0, ""))


class BashTest(unittest.TestCase):
    def complete(self, *words):
        """What bash offers for the last of `words`."""
        script = """source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
                    _myelin; printf '%s\\n' "${COMPREPLY[@]}" """
        result = subprocess.run(["bash", "-c", script, "bash", ROOT / "completions" / "myelin.bash", *words],
                                capture_output=True, text=True, check=True)
        self.assertEqual(result.stderr, "")
        return set(result.stdout.split())

    def test_first_word_is_a_command(self):
        self.assertEqual(self.complete("myelin", ""), set(COMMANDS))

    def test_flags_are_those_of_the_command(self):
        self.assertEqual(self.complete("myelin", "swap", "--p"), {"--proxy", "--pool"})
        self.assertEqual(self.complete("myelin", "drain", "--"), {"--admin", "--output", "--help"})

    def test_policies_are_those_that_the_binary_finds(self):
        self.assertLessEqual({"min_conn", "random_weight"}, self.complete(str(BIN / "myelin"), "--balancer", ""))
        self.assertEqual(self.complete(str(BIN / "myelin"), "--pool", "lo"), {"loose"})
        self.assertIn("access", self.complete(str(BIN / "myelin"), "plugins", "describe", "ac"))

    def test_a_binary_that_cannot_run_offers_nothing(self):
        self.assertEqual(self.complete("/nowhere/myelin", "--balancer", ""), set())


if __name__ == "__main__":
    unittest.main(verbosity=2)
