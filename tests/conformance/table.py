# SPDX-License-Identifier: Apache-2.0
#
# What the README says of the conformance cases: a row for each rule, a column for each relay, between two markers.
import pathlib
import re

import peers
from rules import RULES

README = pathlib.Path(__file__).resolve().parent.parent.parent / "README.md"
MARKED = re.compile(r"(<!-- conformance -->\n).*?(<!-- /conformance -->)", re.S)


def heading(relay):
    return peers.version(relay) if relay in peers.PEERS else f"`{relay}`"


def count(results):
    """"4" where all are kept, "3 of 4" where not, "–" where there is nothing to keep."""
    kept = sum(result["outcome"] in ("kept", "unlisted") for result in results)
    return "–" if not results else str(kept) if kept == len(results) else f"{kept} of {len(results)}"


def markdown(results, columns):
    def cells(chosen):
        return (count([r for r in chosen if r["relay"] == column]) for column in columns)
    rows = [["rule", *map(heading, columns)], ["---"] * (len(columns) + 1)]
    rows += [[f"{number}. {text}", *cells([r for r in results if number in r["rules"]])]
             for number, text in RULES.items()]
    rows.append(["all cases", *cells(results)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write(results, columns):
    text = README.read_text()
    README.write_text(MARKED.sub(lambda m: f"{m[1]}{markdown(results, columns)}\n{m[2]}", text))
