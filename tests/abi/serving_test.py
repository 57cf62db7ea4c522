#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# The whole proxy serves calls with plugins of every frozen SDK, of today's, and of a future one, and myelin-plugin-check
# finds them sound. MYELIN_PROBES is the folder that the build leaves its probes in.
import os
import pathlib
import re
import subprocess
import sys
import unittest

import grpc

import promise

sys.path.insert(0, str(promise.HERE.parent / "system"))
import harness  # noqa: E402
from harness import failure, unary  # noqa: E402

BUILT = pathlib.Path(os.environ.get("MYELIN_PROBES", harness.ROOT / "build" / "tests" / "abi"))
CHECK = pathlib.Path(harness.BINARY).with_name("myelin-plugin-check")
OPTIONS = {"name": "probe", "extra": {"inner": [1, "two"]}}
NEEDED = {"myelin_token_bucket": ["--option", "rate=1000"]}  # options that a plugin of ours cannot do without
CALLS = 60


def folders():
    return [*(frozen / "plugins" for frozen in promise.frozen_versions()), BUILT / "today", BUILT / "future"]


def sets():
    """Each folder's probes as balancer, pool and limiter: those in C, and the one that the wrapper made."""
    for folder in folders():
        yield [folder / f"myelin_probe_{kind}.so" for kind in ("balancer", "pool", "limiter")]
        yield [folder / "myelin_probe_cpp.so"] * 3


@harness.proxy_only
class ServingTest(harness.ProxyTest):
    def start_with(self, balancer, pool, limiter):
        first, second = self.upstream(), self.upstream()
        endpoints = [{"address": first.address, "weight": 3, "locality": "here", "metadata": {"zone": "a"}}, second]
        return self.start(endpoints, balancer={str(balancer): OPTIONS}, pool={str(pool): OPTIONS},
                          limiters=[{str(limiter): OPTIONS}])

    def test_calls_are_served(self):
        for files in sets():
            with self.subTest(files[0]):
                proxy = self.start_with(*files)
                channel = self.channel(proxy)
                for index in range(CALLS):
                    self.assertEqual(unary(channel, request=b"%d" % index)[0], b"%d" % index)
                self.assertEqual(unary(channel, metadata=[("x-abi-probe", "delay")])[0], b"x")
                self.assert_refusals(channel)
                self.assert_no_fault(proxy)

    def assert_refusals(self, channel):
        for who, code in (("limiter", grpc.StatusCode.PERMISSION_DENIED), ("balancer", grpc.StatusCode.ABORTED),
                          ("pool", grpc.StatusCode.OUT_OF_RANGE)):
            error = failure(unary, channel, metadata=[("x-abi-probe", who)])
            self.assert_status(code, error, f"the {who} was asked to")
            pushback = dict(error.trailing_metadata()).get("grpc-retry-pushback-ms")
            self.assertEqual(pushback, "-1" if who == "limiter" else None)

    def assert_no_fault(self, proxy):
        proxy.wait_idle()
        self.assertEqual([p["name"] for p in proxy.stats()["policies"] if p["strikes"]], [])
        metrics = proxy.get("/metrics")
        faults = re.findall(r"^myelin_plugin_probe_faults\S* (\S+)$", metrics, re.M)
        seen = re.findall(r"^myelin_plugin_probe_(?:checks|cpp_calls)\S* (\S+)$", metrics, re.M)
        self.assertEqual([fault for fault in faults if float(fault)], [], proxy.log())
        self.assertGreaterEqual(sum(map(float, seen)), 3 * CALLS, metrics)

    def test_plugin_check_finds_them_sound(self):
        for file in sorted(file for folder in folders() for file in folder.glob("*.so")):
            with self.subTest(file):
                result = subprocess.run([CHECK, file, "--option", "name=probe"], capture_output=True, text=True)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_plugin_check_finds_our_own_sound(self):
        plugins = sorted(pathlib.Path(harness.PLUGINS).glob("*.so"))
        self.assertGreaterEqual(len(plugins), 6)
        for file in plugins:
            with self.subTest(file):
                result = subprocess.run([CHECK, file, *NEEDED.get(file.stem, ())], capture_output=True, text=True)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


if __name__ == "__main__":
    harness.main()
