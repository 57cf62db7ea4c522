# SPDX-License-Identifier: Apache-2.0
#
# Policies replaced while calls are under way: hundreds of open streams and a steady load of unary calls see nothing of
# it, and nothing is left. A default run is a fraction; MYELIN_FULL=1 makes it 1,000 swaps and 1,000 reloads.
import http.client
import itertools
import json
import os
import pathlib
import shutil
import threading

import grpc

import harness
from harness import FULL, PLUGINS, proxy_only, unary, wait_until
from reload_test import ReloadTest

SANITIZED = bool(os.environ.get("MYELIN_SANITIZED"))  # such a host is slow, and keeps freed memory
ROUNDS = 1000 if FULL else 10 if SANITIZED else 40
STREAMS = 300 if FULL else 100
MEMORY_KIB = (1024 if SANITIZED else 48) * 1024
FIXTURES = pathlib.Path(os.environ.get("MYELIN_FIXTURES", harness.ROOT / "build" / "tests" / "fixtures"))
BUCKET = "token_bucket={rate: 1000000, burst: %d}"


class Load:
    """Unary calls on several connections until it is stopped; counts, and keeps what failed."""

    def __init__(self, addresses, threads=4):
        self.calls, self.failed, self.ended = 0, [], threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(address,)) for address in addresses * threads]
        for thread in self.threads:
            thread.start()

    def _run(self, address):
        with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            while not self.ended.is_set():
                try:
                    unary(channel, "Unary")
                    self.calls += 1
                except grpc.RpcError as error:
                    self.failed.append(f"{error.code()}: {error.details()}")

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


@proxy_only
class SwapTest(ReloadTest):
    def post(self, target, path, **body):
        """A command without the price of a process."""
        connection = http.client.HTTPConnection(target.admin, timeout=60)
        connection.request("POST", path, json.dumps(body))
        answer = connection.getresponse()
        reply = json.loads(answer.read())
        connection.close()
        self.assertTrue(reply["done"], reply)
        return reply["message"]

    def test_a_swap_changes_one_policy_until_the_next_reload(self):
        target = self.start([self.named("a"), self.named("b")], limiters=[{"token_bucket": {"rate": 1000}}])
        text = self.command(target, "swap", "--proxy", "main", "--balancer", "min_conn", "--pool", "strict=size:4",
                            "--limiter", "token_bucket=rate:500")
        self.assertIn("The next reload goes back to the file", text)
        stats = target.stats()
        self.assertEqual((stats["balancer"], stats["pool"]), ("min_conn", "strict"))
        self.names(self.channel(target))
        self.command(target, "reload")
        self.assertEqual(target.stats()["balancer"], "random_weight")
        self.command(target, "rollback")
        self.assertEqual(target.stats()["balancer"], "min_conn")

    def test_refused_swaps_change_nothing(self):
        target = self.start([self.named("a")])
        for arguments, sentence in (
                (["--proxy", "other", "--balancer", "min_conn"], "there is no proxy 'other'; there is main"),
                (["--proxy", "main", "--balancer", "min_con"], "min_conn"),
                (["--proxy", "main", "--pool", "strict=size:many"], "size"),
                (["--proxy", "main", "--limiter", "token_bucket=rate:5"], "no limiter 'token_bucket' to replace"),
                (["--proxy", "main", "--balancer", str(FIXTURES / "crashing.so")], "failed when it was tried in a process of its own"),
                (["--proxy", "main", "--balancer", str(FIXTURES / "bad_verdict.so")], "verdict")):
            text = self.command(target, "swap", *arguments, expect=1)
            self.assertIn(sentence, text)
            self.assertIn("nothing has changed", text)
        self.assertEqual(target.stats()["balancer"], "random_weight")
        self.assertEqual(self.names(self.channel(target)), {"a"})

    def test_a_plugin_that_was_built_again_is_another_generation(self):
        """Overwritten and deleted files touch nothing that runs."""
        folder = pathlib.Path(harness.tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        path = folder / "mine.so"
        shutil.copy(pathlib.Path(PLUGINS) / "myelin_random_weight.so", path)
        target = self.start([self.named("a")], balancer=str(path))
        channel = self.channel(target)
        done = self.open_stream(channel)
        shutil.copy(pathlib.Path(PLUGINS) / "myelin_min_conn.so", path)
        self.names(channel)
        self.command(target, "swap", "--proxy", "main", "--balancer", str(path))
        self.assertEqual(target.stats()["balancer"], "min_conn")
        path.unlink()
        self.names(channel)
        self.command(target, "swap", "--proxy", "main", "--pool", "loose=size:3")
        done()

    def test_a_rollback_brings_back_the_bytes_that_ran(self):
        folder = pathlib.Path(harness.tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        path = folder / "mine.so"
        shutil.copy(pathlib.Path(PLUGINS) / "myelin_random_weight.so", path)
        target = self.start([self.named("a")], balancer=str(path))
        shutil.copy(pathlib.Path(PLUGINS) / "myelin_min_conn.so", path)
        self.command(target, "swap", "--proxy", "main", "--balancer", str(path))
        self.assertEqual(target.stats()["balancer"], "min_conn")
        path.unlink()
        self.command(target, "rollback")
        self.assertEqual(target.stats()["balancer"], "random_weight")
        self.command(target, "rollback")
        self.assertEqual(target.stats()["balancer"], "min_conn")

    def test_swaps_and_reloads_under_load_fail_no_call_and_leave_nothing(self):
        upstreams = [self.own(harness.EchoProcess()) for _ in range(3)]
        target = self.start(upstreams[:2], limiters=[{"token_bucket": {"rate": 1e6, "burst": 1000000}}],
                            drain_timeout="5s", timeouts={"queue": "10s"})
        base = self.config(target)
        self.churn(target, base, upstreams, 5)
        target.wait_idle()
        before = target.fds(), target.rss_kib()
        load = Load([target.address])
        self.addCleanup(load.stop)
        channels = [self.channel(target, ("grpc.dummy", i)) for i in range(8)]
        streams = [self.open_stream(channels[i % len(channels)], "Bidi") for i in range(STREAMS)]
        self.churn(target, base, upstreams, ROUNDS)
        for done in streams:
            done()
        load.stop()
        self.assertEqual(load.failed, [])
        self.assertGreater(load.calls, ROUNDS)
        for channel in channels:
            channel.close()
        self.assert_settled(target, before)

    def churn(self, target, base, upstreams, rounds):
        """In each round a swap, and a reload that changes endpoints and brings or takes a proxy."""
        swaps = itertools.cycle([{"balancer": "min_conn"}, {"pool": "strict=size:8"}, {"limiters": [BUCKET % 900000]},
                                 {"balancer": "random_weight"}, {"pool": "loose=size:2"}, {"balancer": "min_conn"},
                                 {"limiters": [BUCKET % 800000], "pool": "loose"}])
        for number in range(rounds):
            self.post(target, "/swap", proxy="main", **next(swaps))
            config = json.loads(json.dumps(base))
            pair = [upstreams[number % 3], upstreams[(number + 1) % 3]]
            config["proxies"][0]["endpoints"] = [f"{u.address}#{number % 4 + 1}" for u in pair]
            if number % 2:
                config["proxies"].append({**config["proxies"][0], "name": "other"})
            target.write(config)
            self.post(target, "/reload")
        target.write(base)
        self.post(target, "/reload")

    def assert_settled(self, target, before):
        target.wait_idle()
        wait_until(lambda: json.loads(target.get("/stats"))["retired"]["proxies"] == 0, "retired proxies to end", 30)
        wait_until(lambda: target.fds() <= before[0] + 8,
                   lambda: f"descriptors: {before[0]} before, {target.fds()} after", 30)
        self.assertLess(target.rss_kib() - before[1], MEMORY_KIB, "KiB grown")
        self.assertEqual(target.stats()["in_flight_old"], 0)


if __name__ == "__main__":
    harness.main()
