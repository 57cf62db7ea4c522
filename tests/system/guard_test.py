# SPDX-License-Identifier: Apache-2.0
#
# Plugins that fail, in a proxy that serves: every row of the table in docs/plugin-failures.md is carried out and compared.
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

import grpc

import harness
from harness import ROOT, proxy_only, unary, wait_until

FIXTURES = pathlib.Path(os.environ.get("MYELIN_FIXTURES", ROOT / "build" / "tests" / "fixtures"))
AARCH64 = 183


def rows():
    """The table's rows: plugin, role, what the log says, which calls fail, what is then."""
    text = (ROOT / "docs" / "plugin-failures.md").read_text()
    table = text[text.index("| plugin | as |"):]
    found = []
    for line in table.split("\n")[2:]:
        if not line.startswith("|"):
            break
        found.append([cell.strip().strip("`") for cell in line.strip("|").split(" | ")])
    return found


def pattern(sentence):
    return ".*".join(re.escape(part.strip()) if part.strip() != part else re.escape(part) for part in sentence.split("…"))


def plugin_file(name, folder):
    """The path that names the policy; `wrong_machine` is made of a sound one."""
    file, _, policy = name.partition(":")
    if file == "wrong_machine":
        code = bytearray((FIXTURES / "sound.so").read_bytes())
        code[18:20] = AARCH64.to_bytes(2, "little")
        path = pathlib.Path(folder) / "wrong_machine.so"
        path.write_bytes(code)
        return str(path)
    return f"{FIXTURES / file}.so" + (f":{policy}" if policy else "")


class Load:
    """Calls from several clients, one connection each, until stopped."""

    def __init__(self, address, clients=6):
        self.address, self.failed, self.done, self._stop = address, [], 0, threading.Event()
        self.threads = [threading.Thread(target=self._run) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        with grpc.insecure_channel(self.address, [*harness.OPTIONS, ("grpc.use_local_subchannel_pool", 1),
                                                  ("grpc.initial_reconnect_backoff_ms", 100),
                                                  ("grpc.max_reconnect_backoff_ms", 200)]) as channel:
            while not self._stop.is_set():
                try:
                    unary(channel, timeout=5)
                    self.done += 1
                except grpc.RpcError as error:
                    self.failed.append(f"{error.code()} {error.details()}")
                    self._stop.wait(0.05)

    def wait(self, calls):
        target = self.done + calls
        wait_until(lambda: self.done >= target, lambda: f"{calls} more calls; {self.done} done, {self.failed[-3:]}")

    def stop(self):
        self._stop.set()
        for thread in self.threads:
            thread.join()


@proxy_only
@unittest.skipIf(harness.PUMP != "frame", "the table is about the frame pump")
class GuardTest(harness.ProxyTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="myelin-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.crash_file = f"{self.folder}/crash"

    def serve(self, policy, role, workers=3, **settings):
        policies = {"limiters": [policy]} if role == "limiter" else {role: policy}
        return self.start([self.upstream(), self.upstream()], workers=workers, drain_timeout="500ms",
                          guards={"crash_file": self.crash_file, **settings.pop("guards", {})}, **policies, **settings)

    def policy(self, target, role):
        return next(p for p in target.stats()["policies"] if p["kind"] == role)

    # What each row must show

    def no_start(self, policy, role, sentence, calls):
        config = {"proxies": [{"name": "main", "listen": "127.0.0.1:0", "endpoints": ["127.0.0.1:1"], role: policy}],
                  "plugin_dirs": [harness.PLUGINS]}
        ended = self.run_once(config)
        self.assertEqual((ended.returncode, calls), (1, "none"), ended.stderr)
        self.assertRegex(ended.stderr, sentence)

    def run_once(self, config):
        path = pathlib.Path(self.folder) / "myelin.yaml"
        path.write_text(json.dumps({**config, "guards": {"crash_file": self.crash_file}}))
        return subprocess.run([harness.BINARY, "--config", path], capture_output=True, text=True, timeout=60)

    def lasting(self, policy, role, sentence, calls, quarantined):
        target = self.serve(policy, role)
        load = self.own(Load(target.address))
        if sentence != "nothing":
            target.wait_line(sentence)
        load.wait(200)
        load.stop()
        self.assertEqual(calls, "some" if load.failed else "none", load.failed[:3])
        self.assertEqual(self.policy(target, role)["quarantined"], quarantined)
        if sentence == "nothing":
            self.assertNotRegex(target.log(), r" (WARN|ERROR|CRITICAL) ")
        if calls == "some":  # a worker hangs: the process ends all the same
            wait_until(lambda: json.loads(target.get("/stats"))["stuck_workers"] > 0, "a worker that counts as stuck")
            target.signal(signal.SIGTERM)
            self.assertEqual(target.wait(), 0)

    def ends(self, policy, role, sentence, calls):
        ended, failed = (self.end_at_start if calls == "none" else self.end_under_load)(policy, role)
        self.assertRegex(ended, sentence)
        self.assertEqual(calls, "some" if failed else "none")
        again = self.serve(policy, role)
        self.assertRegex(again.log(), r"an earlier run crashed by .* in its \w+: ")
        load = self.own(Load(again.address))
        load.wait(50)
        load.stop()
        self.assertEqual(load.failed, [])
        self.assertTrue(self.policy(again, role)["quarantined"])

    def end_under_load(self, policy, role):
        target = self.serve(policy, role)
        load = self.own(Load(target.address))
        self.assertIn(target.wait(60), (-signal.SIGSEGV, -signal.SIGABRT))
        wait_until(lambda: len(load.failed) > 0, "a failed call")
        load.stop()
        return target.log(), load.failed

    def end_at_start(self, policy, role):
        config = {"proxies": [{"name": "main", "listen": "127.0.0.1:0", "endpoints": ["127.0.0.1:1"], role: policy}],
                  "plugin_dirs": [harness.PLUGINS]}
        ended = self.run_once(config)
        self.assertEqual(ended.returncode, -signal.SIGABRT)
        return ended.stderr, []

    def test_every_row_of_the_table_is_as_it_says(self):
        for name, role, says, calls, then in rows():
            with self.subTest(plugin=name, role=role):
                if os.path.exists(self.crash_file):
                    os.unlink(self.crash_file)
                sentence = "nothing" if says == "nothing" else pattern(says)
                policy = plugin_file(name, self.folder)
                if then in ("at work", "quarantined"):
                    self.lasting(policy, role, sentence, calls, then == "quarantined")
                else:
                    {"no start": self.no_start, "ends": self.ends}[then](policy, role, sentence, calls)

    # What the table does not say

    def test_hostile_plugins_swapped_in_under_load_cost_no_call(self):
        """What crashes or answers nonsense fails in its trial, in a process of its own; the others serve."""
        target = self.serve("random_weight", "balancer")
        load = self.own(Load(target.address))
        slow = ("slow", "hanging", "hanging_once", "hanging_create")  # their trial takes ten seconds
        for name, role, _, calls, then in rows():
            if role != "balancer" or name in slow:
                continue
            with self.subTest(plugin=name):
                arguments = ["--proxy", "main", "--balancer", plugin_file(name, self.folder)]
                swap = subprocess.run([harness.BINARY, "swap", "--admin", target.admin, *arguments], capture_output=True,
                                      text=True, timeout=60)
                if calls == "some" or then in ("no start", "ends"):
                    self.assertEqual(swap.returncode, 1, swap.stdout)
                    self.assertIn("nothing has changed", swap.stderr)
                load.wait(20)
        load.stop()
        self.assertEqual(load.failed, [])
        self.assertTrue(target.running())

    def test_the_only_worker_is_replaced_when_it_hangs(self):
        target = self.serve(plugin_file("hanging", ""), "balancer", workers=1)
        load = self.own(Load(target.address, clients=2))
        target.wait_line("serves in the place of worker-0")
        load.wait(100)
        load.stop()
        self.assertLessEqual(len(load.failed), 20, load.failed[-3:])
        proxy = target.config["proxies"][0]
        target.write({**target.config, "proxies": [{**proxy, "balancer": "min_conn"}]})
        again = subprocess.run([harness.BINARY, "reload", "--admin", target.admin], capture_output=True, text=True)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(target.stats()["balancer"], "min_conn")
        unary(self.channel(target))
        target.signal(signal.SIGTERM)
        self.assertEqual(target.wait(), 0)

    def test_a_worker_that_comes_back_ends_what_is_left_on_it(self):
        """The hook takes twice as long as it may."""
        target = self.serve(plugin_file("late_once", ""), "balancer", workers=2)
        load = self.own(Load(target.address))
        target.wait_line("serves in the place of")
        target.wait_line("is back after")
        load.wait(100)
        load.stop()
        wait_until(lambda: json.loads(target.get("/stats"))["stuck_workers"] == 0, "no worker that is stuck")

    def test_a_quarantine_ends_with_a_reload(self):
        target = self.serve(plugin_file("bad_index", ""), "balancer")
        load = self.own(Load(target.address))
        wait_until(lambda: self.policy(target, "balancer")["quarantined"], "the quarantine")
        load.stop()
        command = [harness.BINARY, "reload", "--admin", target.admin]
        subprocess.run(command, check=True, capture_output=True)
        policy = self.policy(target, "balancer")
        self.assertEqual((policy["quarantined"], policy["strikes"], policy["generation"]), (False, 0, 2))

    def test_a_policy_that_crashed_is_back_when_its_file_has_changed(self):
        path = f"{self.folder}/crashing.so"
        shutil.copy(FIXTURES / "crashing.so", path)
        self.end_under_load(path, "balancer")
        with open(path, "ab") as file:
            file.write(b"other bytes")
        target = self.serve(path, "balancer")
        self.assertFalse(self.policy(target, "balancer")["quarantined"])

    def test_a_proxy_has_guards_of_its_own(self):
        bad = plugin_file("bad_verdict", "")
        strict = {"name": "strict", "listen": "127.0.0.1:0", "endpoints": [self.upstream().address], "balancer": bad,
                  "guards": {"strikes": 2, "quarantine": True}}
        target = self.start([self.upstream()], others=[strict], balancer=bad, guards={"quarantine": False})
        for address in (target.address, target.listen("strict")):
            load = self.own(Load(address))
            load.wait(100)
            load.stop()
        strikes = {name: target.stats(name)["policies"][0]["strikes"] for name in ("main", "strict")}
        self.assertGreaterEqual(strikes["main"], 100)
        self.assertLess(strikes["strict"], 10)

    def test_status_shows_plugin_strikes_quarantine_and_time(self):
        target = self.serve(plugin_file("bad_index", ""), "balancer")
        load = self.own(Load(target.address))
        load.wait(1000)
        load.stop()
        run = lambda *more: subprocess.run([harness.BINARY, "plugins", "status", "--admin", target.admin, *more],
                                           capture_output=True, text=True, check=True).stdout
        self.assertRegex(run(), r"main +balancer +bad_index +1\.2\.3 +1 +1\d +quarantined .*bad_index\.so\n")
        self.assertRegex(run(), r"main +pool +loose .* at work +.*acquire [\d.]+ns/[\d.]+[nu]s/")
        self.assertRegex(run(), r"main: balancer 'bad_index' is quarantined: 10 invalid answers within 1m")
        policies = json.loads(run("--output", "json"))
        self.assertEqual([p["kind"] for p in policies], ["balancer", "pool"])
        self.assertEqual((policies[0]["quarantined"], len(policies[0]["hash"])), (True, 64))
        self.assertTrue(10 <= policies[0]["strikes"] < 20)  # workers may each be at it
        acquire = next(hook for hook in policies[1]["hooks"] if hook["hook"] == "acquire")
        self.assertGreaterEqual(acquire["calls"], 1000)
        self.assertTrue(0 < acquire["p50_seconds"] <= acquire["p99_seconds"] <= acquire["max_seconds"])

    def test_metrics_show_quarantine(self):
        target = self.serve(plugin_file("bad_index", ""), "balancer")
        load = self.own(Load(target.address))
        load.wait(100)
        load.stop()
        metrics = target.get("/metrics")
        self.assertIn('myelin_policy_quarantined{proxy="main",kind="balancer",policy="bad_index"} 1', metrics)
        passed = re.search(r'myelin_hook_passed_over_total\{.*policy="bad_index",hook="pick"\} (\d+)', metrics)
        self.assertGreaterEqual(int(passed[1]), 90)


if __name__ == "__main__":
    harness.main()
