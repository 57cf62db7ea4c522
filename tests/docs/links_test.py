#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# What Markdown files point at is there: files, headings, tests; and the README's table of pumps is the tests' own.
import ast
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)|^\[[^\]]+\]: (\S+)$", re.M)
SKIPPED = ("build", ".git", "node_modules")
CASES = "".join(path.read_text() for path in (ROOT / "tests" / "conformance").glob("*_cases.py"))


def documents():
    found = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "*.md"], capture_output=True,
                           text=True)
    names = found.stdout.split("\n") if found.returncode == 0 else [
        str(path.relative_to(ROOT)) for path in ROOT.rglob("*.md")]
    return [ROOT / name for name in names if name and not name.startswith(SKIPPED) and (ROOT / name).is_file()]


def prose(path):
    """The text without its blocks of code, in which a bracket is no link."""
    return re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)


def anchors(path):
    """What a heading is called in a link: lower case, words joined by '-'."""
    headings = re.findall(r"^#+ +(.*)$", prose(path), re.M)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def problem(document, link):
    """Why `link` leads nowhere, or None."""
    target, _, anchor = link.partition("#")
    path = (document.parent / target).resolve() if target else document
    if not path.exists():
        return f"{document.relative_to(ROOT)}: {link}: no such file"
    if not path.is_relative_to(ROOT):
        return f"{document.relative_to(ROOT)}: {link}: outside of the tree"
    if anchor and path.suffix == ".md" and anchor not in anchors(path):
        return f"{document.relative_to(ROOT)}: {link}: no such heading"
    return None


class LinksTest(unittest.TestCase):
    def test_every_relative_link_leads_somewhere(self):
        found = [(document, "".join(link)) for document in documents() for link in LINK.findall(prose(document))]
        links = [(document, link) for document, link in found if not re.match(r"[a-z]+:", link)]
        self.assertGreater(len(links), 50, "links that this test sees")
        self.assertEqual([p for p in (problem(*link) for link in links) if p], [])

    def test_a_link_that_leads_nowhere_is_noticed(self):
        readme = ROOT / "README.md"
        self.assertIsNotNone(problem(readme, "docs/nowhere.md"))
        self.assertIsNotNone(problem(readme, "docs/configuration.md#no-such-heading"))
        self.assertIsNone(problem(readme, "docs/configuration.md#flags"))


class NamedTestsTest(unittest.TestCase):
    """Documents name tests as a link to the file and the test's name; a test that is renamed is renamed there too."""
    NAME = re.compile(r"\]\(((?:\.\./)*tests/[\w/.-]+\.(?:py|cc))\) `(\w+)`")

    def test_every_named_test_is_there(self):
        named = [(document, *match) for document in documents() for match in self.NAME.findall(prose(document))]
        self.assertGreater(len(named), 50, "tests that documents name")
        missing = [f"{document.relative_to(ROOT)}: {file}: {test}" for document, file, test in named
                   if not re.search(rf"\b{test}\b", (document.parent / file).read_text())]
        self.assertEqual(missing, [])

    def test_the_readme_lists_what_the_pump_does_not_keep(self):
        """The same names as LIMITS of the system tests, which fail when one of them is kept after all."""
        harness = (ROOT / "tests" / "system" / "harness.py").read_text()
        limits = [ast.literal_eval(re.search(rf"^{name} = (\{{.*?\n\}})", harness, re.M | re.S)[1].replace("set()", "[]"))
                  for name in ("LIMITS", "SOMETIMES")]
        table = prose(ROOT / "README.md").split("does not keep |", 1)[1].split("\n\n", 1)[0]
        names = [name for row in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
        self.assertEqual(sorted(names), sorted({*limits[0]["generic"], *limits[1]["generic"]}))

    def test_the_readme_has_a_row_for_every_rule(self):
        """As script/conformance --table writes them, for both pumps and the four others."""
        text = (ROOT / "README.md").read_text()
        table = re.search(r"<!-- conformance -->\n(.*?)<!-- /conformance -->", text, re.S)[1].splitlines()
        rules = (ROOT / "tests" / "conformance" / "rules.py").read_text()
        rows = [f"{number}. {text}" for number, text in re.findall(r'^    (\d+): "(.*)",$', rules, re.M)]
        self.assertEqual(len(rows), 27)
        self.assertEqual([row.split(" | ")[0].removeprefix("| ") for row in table[2:]], [*rows, "all cases"])
        self.assertRegex(table[0], r"`frame` \| `generic` \| nginx [\d.]+ \| HAProxy [\d.]+ \| nghttpx [\d.]+ \| Envoy [\d.]+")

    def test_every_rule_has_a_case(self):
        marked = re.findall(r"@rule\(([\d, ]+)\)", CASES)
        self.assertEqual({int(number) for numbers in marked for number in numbers.split(",")}, set(range(1, 28)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
