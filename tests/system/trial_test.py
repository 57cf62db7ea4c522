# SPDX-License-Identifier: Apache-2.0
#
# Policies on trial beside those that decide: a shadow acts on nothing, a canary decides for its share and is rolled back
# by itself when it does worse.
import json
import os
import pathlib
import subprocess
import time

import grpc

import harness
from harness import BINARY, failure, proxy_only, unary, wait_until
from reload_test import ReloadTest

FIXTURES = pathlib.Path(os.environ.get("MYELIN_FIXTURES", harness.ROOT / "build" / "tests" / "fixtures"))


@proxy_only
class TrialTest(ReloadTest):
    def trial(self, target, kind):
        policies = target.stats()["policies"]
        return next(p["trial"] for p in policies if p["kind"] == kind and p["trial"])

    def test_a_shadow_acts_on_nothing_and_is_compared(self):
        target = self.start([self.named("a"), self.named("b")], balancer={"min_conn": None, "shadow": "random_weight"},
                            limiters=[{"token_bucket": {"rate": 1e6}, "shadow": {"token_bucket": {"rate": 0.001, "burst": 1}}}])
        channel = self.channel(target)
        for _ in range(100):
            unary(channel, "Name")
        limiter = self.trial(target, "limiter")
        self.assertEqual(limiter["asked"], 100)
        self.assertGreaterEqual(limiter["diverged"], 98, "one call for each worker would pass")
        self.assertEqual(self.trial(target, "balancer")["asked"], 100)
        self.assertIn('myelin_shadow_answers_total{proxy="main",kind="limiter",policy="token_bucket",'
                      'beside="token_bucket",answer="other"}', target.get("/metrics"))
        status = subprocess.run([BINARY, "plugins", "status", "--admin", target.admin], capture_output=True, text=True)
        self.assertRegex(status.stdout, r"shadow: \S+% of 100 differ")

    def test_a_canary_decides_for_its_share_and_is_promoted_by_a_swap(self):
        target = self.start([self.named("a"), self.named("b")])
        text = self.command(target, "swap", "--proxy", "main", "--balancer", "min_conn", "--canary", "50%")
        self.assertIn("balancer min_conn as a canary", text)
        channel = self.channel(target)
        for _ in range(200):
            unary(channel, "Name")
        trial = self.trial(target, "balancer")
        self.assertEqual(trial["calls"] + trial["calls_beside"], 200)
        self.assertTrue(60 < trial["calls"] < 140, trial)
        self.assertEqual(target.stats()["balancer"], "random_weight")
        self.command(target, "swap", "--proxy", "main", "--balancer", "min_conn")
        self.assertEqual(target.stats()["balancer"], "min_conn")
        self.assertFalse(any(p["trial"] for p in target.stats()["policies"]))

    def test_a_canary_that_answers_nonsense_is_rolled_back_and_no_call_fails(self):
        canary = {"policy": f"{FIXTURES / 'bad_index'}.so", "share": "50%"}
        target = self.start([self.named("a"), self.named("b")], balancer={"random_weight": None, "canary": canary})
        self.names(self.channel(target), 100)
        trial = self.trial(target, "balancer")
        self.assertTrue(trial["rolled_back"], trial)
        self.assertEqual(trial["reason"], "3 invalid answers")
        self.assertEqual(trial["failed"], 0)
        self.assertIn("is rolled back: 3 invalid answers; 'random_weight' decides all calls", target.log())
        self.assertIn('myelin_trial_rolled_back{proxy="main",kind="balancer",policy="bad_index",beside="random_weight"} 1',
                      target.get("/metrics"))

    def test_a_canary_whose_calls_fail_more_often_is_rolled_back(self):
        target = self.start([self.named("a")], limiters=[{
            "token_bucket": {"rate": 1e6},
            "canary": {"policy": {"token_bucket": {"rate": 0.001, "burst": 1}}, "share": "30%"}}])
        channel = self.channel(target)
        failed = 0
        until = time.monotonic() + 10
        while time.monotonic() < until and not self.trial(target, "limiter")["rolled_back"]:
            for _ in range(20):
                try:
                    unary(channel, "Name")
                except grpc.RpcError as error:
                    self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
                    failed += 1
        trial = self.trial(target, "limiter")
        self.assertTrue(trial["rolled_back"], trial)
        self.assertIn("of its", trial["reason"])
        self.assertGreater(failed, 0)
        for _ in range(50):
            unary(channel, "Name")

    def test_a_reload_that_changes_nothing_goes_on_with_the_trial(self):
        target = self.start([self.named("a"), self.named("b")], balancer={"min_conn": None, "shadow": "random_weight"})
        self.names(self.channel(target), 30)
        config = self.config(target)
        config["proxies"][0]["timeouts"] = {"queue": "3s"}
        self.reload(target, config)
        self.names(self.channel(target), 30)
        self.assertEqual(self.trial(target, "balancer")["asked"], 60)
        config["proxies"][0]["balancer"] = "min_conn"
        self.assertIn("balancer min_conn", self.reload(target, config))
        self.names(self.channel(target), 10)

    def test_trials_come_and_go_under_load(self):
        from swap_test import Load
        target = self.start([self.own(harness.EchoProcess()) for _ in range(2)],
                            limiters=[{"token_bucket": {"rate": 1e6, "burst": 1000000}}])
        load = Load([target.address])
        self.addCleanup(load.stop)
        for _ in range(5):
            for more in (["--balancer", "min_conn", "--shadow"], ["--balancer", "min_conn", "--canary", "20%"],
                         ["--limiter", "token_bucket=rate:900000", "--shadow"],
                         ["--limiter", "token_bucket={rate: 900000, burst: 900000}", "--canary", "20%"],
                         ["--balancer", "random_weight"]):
                self.command(target, "swap", "--proxy", "main", *more)
        load.stop()
        self.assertEqual(load.failed, [])
        target.wait_idle()
        self.assertEqual(target.stats()["in_flight_old"], 0)

    def test_what_cannot_be_tried_is_refused(self):
        target = self.start([self.named("a")])
        for arguments, sentence in (
                (["--pool", "strict", "--shadow"], "accepted: a balancer or a limiter"),
                (["--balancer", "min_conn", "--pool", "strict", "--canary", "5%"], "one policy at a time"),
                (["--balancer", "min_conn", "--canary", "5"], "did you mean '5%'?"),
                (["--balancer", str(FIXTURES / "crashing.so"), "--shadow"], "failed when it was tried in a process of its own")):
            self.assertIn(sentence, self.command(target, "swap", "--proxy", "main", *arguments, expect=1))
        self.command(target, "swap", "--proxy", "main", "--balancer", "min_conn", "--canary", "5%", "--shadow", expect=2)


if __name__ == "__main__":
    harness.main()
