# SPDX-License-Identifier: Apache-2.0
#
# The steps of script/demo. Each prints what it does and what came of it, and is judged by its own measure.
import argparse
import signal
import subprocess
import sys
import time

from load import Load, burst
from stage import CONFIG, ROOT, Stage
from table import Table

SECONDS = 6
SLOW_MS = 100
results = []


def title(text):
    number = len(results) + 1
    print(f"\n{number}. {text}", flush=True)


def judge(passed, text):
    results.append((passed, text))
    print(f"  {'PASS' if passed else 'FAIL'}  {text}", flush=True)


def table_of(stage, seconds):
    """Shows for so long where calls go; returns the table and the last numbers."""
    table = Table(stage.names, stage.weights, stage.stats())
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        table.draw(stage.stats())
        time.sleep(0.2)
    stats = stage.stats()
    table.draw(stats, final=True)
    return table, stats


def by_weight(stage):
    title("random_weight: calls follow the weights 10 : 5 : 1")
    stage.start()
    load = Load(stage.address)
    table, stats = table_of(stage, SECONDS)
    load.stop()
    calls, shares = table.shares(stats)
    total = sum(calls.values())
    margin = 5 * (0.25 / max(total, 1)) ** 0.5  # five standard deviations of a share, at most
    off = max(abs(shares[a] - table.expected(a)) for a in shares)
    text = ", ".join(f"{stage.names[a]} {shares[a]:.1%} of {table.expected(a):.1%}" for a in shares)
    judge(total > 100 and not load.errors and off < margin, f"{total} calls, {len(load.errors)} failed: {text}")


def limited(stage):
    title("token_bucket: a caller beyond 500 calls a second is refused, the others are not")
    load = Load(stage.address)
    served, errors = burst(stage.address, "greedy", 600)
    load.stop()
    codes = {error.code().name for error in errors}
    if errors:
        print(f"  {errors[0].code().name}: {errors[0].details()}")
    judge(codes == {"RESOURCE_EXHAUSTED"} and served >= 100 and not load.errors,
          f"greedy: {served} of 600 served, {len(errors)} refused; the others: {len(load.errors)} refused")


def streamed(stage):
    title("a stream both ways, from a Ruby client")
    result = subprocess.run(["/usr/bin/ruby", ROOT / "script/demo.d/stream.rb", stage.address, "200"],
                            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    last = (result.stdout + result.stderr).strip().splitlines()
    judge(result.returncode == 0, last[0] if last else "the client said nothing")


def drained(stage):
    title("SIGTERM: finishes what is there and leaves")
    code = stage.stop_proxy()
    judge(code == 0, f"exit code {code}")


def by_load(stage):
    title(f"endpoint a, the heaviest, now takes {SLOW_MS} ms a call; still random_weight")
    stage.make_slow(0, SLOW_MS)
    slow = stage.upstreams[0].address
    stage.start()
    load = Load(stage.address)
    table, stats = table_of(stage, SECONDS / 2)
    blind, before_ms = table.shares(stats)[1][slow], load.median_ms()
    judge(blind > 0.5, f"a still gets {blind:.1%} of the calls; median latency {before_ms:.1f} ms")

    title("a swap while calls run: min_conn takes the place of random_weight")
    code, _ = stage.swap("--balancer", "min_conn")
    load.latencies.clear()
    table, stats = table_of(stage, SECONDS)
    load.stop()
    share = table.shares(stats)[1][slow]
    judge(code == 0 and share < blind / 2 and load.median_ms() < before_ms and not load.errors,
          f"a gets {share:.1%} instead of {blind:.1%}; median latency {load.median_ms():.1f} ms instead of "
          f"{before_ms:.1f} ms; {len(load.errors)} calls failed")


def gone_bad(stage):
    title("a plugin built a moment ago is swapped in while calls run, and goes bad after three seconds")
    plugin = "build/demo/myelin_turns_bad.so"
    (ROOT / plugin).parent.mkdir(parents=True, exist_ok=True)
    built, _ = stage.run("c++", "-std=c++17", "-O2", "-shared", "-fPIC", "-Isdk/include", "-o", plugin,
                         "script/demo.d/turns_bad.cc")
    load = Load(stage.address)
    swapped, _ = stage.swap("--balancer", "./" + plugin)
    table_of(stage, SECONDS)
    load.stop()
    line = stage.proxy.wait_line(r"turns_bad.*is quarantined: (.*)")
    print("  " + line.string.strip())
    stage.run("build/bin/myelin", "plugins", "status", "--admin", stage.admin)
    judge(built == 0 and swapped == 0 and not load.errors,
          f"it is quarantined, the built-in fallback decides: {len(load.latencies)} calls, {len(load.errors)} failed")


def keep(stage):
    stage.make_slow(0, 0)
    stage.start()
    print(f"""
Running until Ctrl-C. In another terminal:
  /usr/bin/python3 tests/peers/call.py {stage.address} --count 16
  curl http://{stage.admin}/stats""", flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    since = time.monotonic()
    print(f"\nThree upstreams (Python), myelin with {CONFIG}, clients in Python and Ruby.")
    stage = Stage()
    try:
        for step in (by_weight, limited, streamed, drained, by_load, gone_bad):
            step(stage)
        print(f"\nSummary, after {time.monotonic() - since:.0f} s")
        for index, (passed, text) in enumerate(results, 1):
            print(f"  {'PASS' if passed else 'FAIL'}  {index}. {text}")
        if arguments.keep:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
            keep(stage)
    finally:
        stage.close()
    return 0 if all(passed for passed, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
