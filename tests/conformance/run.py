#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# Runs the cases against relays, `direct` first: a case that fails without a relay is a bad case. Each case runs in a
# process of its own. What a pump is known not to keep (LIMITS in tests/system/harness.py) must fail, so that the list
# stays true. script/conformance builds and calls this; ctest calls it with one relay.
import argparse
import contextlib
import importlib
import io
import json
import multiprocessing
import os
import pathlib
import re
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import suite  # noqa: E402  puts the folders of what all tests share on the path
import peers  # noqa: E402
import table  # noqa: E402
from harness import LIMITS, SOMETIMES  # noqa: E402

MODULES = [importlib.import_module(path.stem) for path in sorted(HERE.glob("*_cases.py"))]


def cases():
    """Every case as (class, method)."""
    for module in MODULES:
        for each in vars(module).values():
            if isinstance(each, type) and issubclass(each, suite.Case) and each.__module__ == module.__name__:
                yield from ((each, name) for name in unittest.defaultTestLoader.getTestCaseNames(each))


def wanted(relay, only):
    for each, name in cases():
        method = getattr(each, name)
        if relay in getattr(method, "relays", suite.RELAYS) and re.search(only, name.removeprefix("test_")):
            yield each, name


def run_case(task):
    """Runs one case; what came of it as a map. `outcome` is kept, failed, limit or unlisted."""
    relay, each, name = task
    suite.use(relay)
    since, result, said = time.monotonic(), unittest.TestResult(), io.StringIO()
    with contextlib.redirect_stderr(said):
        each(name).run(result)
    name = name.removeprefix("test_")
    trouble = [text for _, text in (*result.failures, *result.errors)]
    known, sometimes = name in LIMITS.get(relay, ()), name in SOMETIMES.get(relay, ())
    outcome = ("limit" if known or sometimes else "failed") if trouble else ("unlisted" if known else "kept")
    return {"relay": relay, "case": name, "rules": getattr(each, "test_" + name).rules, "outcome": outcome,
            "seconds": round(time.monotonic() - since, 2), "why": "\n".join(trouble) + said.getvalue()}


def run(relays, only, jobs, told):
    """The results of all cases against all relays."""
    tasks = [(relay, each, name) for relay in relays for each, name in wanted(relay, only)]
    results = []
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        for result in pool.imap_unordered(run_case, tasks):
            results.append(result)
            told(result)
    return results


def tell(result):
    """A line for each case that is not simply kept; why, where it should be."""
    words = {"kept": "kept", "failed": "NOT KEPT", "limit": "not kept (a known limit)",
             "unlisted": "kept, though listed as a limit"}
    print(f"{result['relay']:8} {result['seconds']:6.2f} s  {words[result['outcome']]:9} {result['case']}", file=sys.stderr)
    if bad(result):
        print(result["why"], file=sys.stderr)


def bad(result):
    return result["outcome"] in ("failed", "unlisted") and result["relay"] not in peers.PEERS


def relays_of(options):
    relays = options.relay or [suite.DIRECT, *suite.PUMPS]
    for name in options.peer:
        if peers.binary(name) is None:
            print(f"{peers.NAMES[name]} is not here: it is left out", file=sys.stderr)
        else:
            peers.Peer(name, "127.0.0.1:1").stop()  # else a mistake in its configuration would look like its fault
            relays.append(name)
    return sorted(set(relays), key=suite.RELAYS.index)


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="script/conformance")
    parser.add_argument("--relay", action="append", choices=(suite.DIRECT, *suite.PUMPS))
    parser.add_argument("--peer", action="append", choices=tuple(peers.PEERS), default=[])
    parser.add_argument("--only", default="", metavar="REGEX")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    return parser.parse_args(arguments)


def main():
    options = options_of(sys.argv[1:])
    relays = relays_of(options)
    results = run(relays, options.only, options.jobs, tell)
    columns = [relay for relay in relays if relay != suite.DIRECT]
    if options.output == "json":
        json.dump(results, sys.stdout, indent=1)
    elif columns:
        print(table.markdown(results, columns))
    if options.table:
        table.write(results, columns)
    wrong = [result for result in results if bad(result)]
    if not options.only:
        unknown = set().union(*LIMITS.values(), *SOMETIMES.values()) - {name[5:] for _, name in cases()}
        assert not unknown, f"limits that no case shows: {unknown}"
    print(f"{len(results)} cases, {len(wrong)} of them not as they should be", file=sys.stderr)
    return 1 if wrong or not results else 0


if __name__ == "__main__":
    sys.exit(main())
