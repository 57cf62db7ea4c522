# SPDX-License-Identifier: Apache-2.0
#
# What an operator sees: /healthz, /metrics and /stats agree with the calls made, and the access log tells each.
import re
import urllib.error
import urllib.request

import grpc

import harness
from harness import failure, proxy_only, unary, wait_until


def metric(text, name, **labels):
    """The value of one sample of Prometheus text."""
    for line in text.splitlines():
        match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
        if match and match[1] == name:
            found = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
            if labels.items() <= found.items():
                return float(match[3])
    return None


@proxy_only
class AdminTest(harness.ProxyTest):
    def setUp(self):
        def missing(_, context):
            context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
            yield b""
        self.up = self.upstream(Missing=missing)
        self.target = self.start([self.up], access_log=True)
        channel = self.channel(self.target)
        for _ in range(7):
            unary(channel, request=b"r" * 100)
        for _ in range(3):
            failure(unary, channel, "Missing")
        self.target.wait_idle()

    def test_healthz_answers(self):
        self.assertTrue(self.target.get("/healthz"))

    def test_stats_count_calls_by_status(self):
        stats = self.target.stats()
        endpoint = stats["endpoints"][0]
        for calls in (stats["calls"], endpoint["calls"]):
            self.assertEqual((calls["OK"], calls["NOT_FOUND"]), (7, 3))
        self.assertEqual((stats["name"], stats["listen"], endpoint["address"], endpoint["latency"]["count"]),
                         ("main", [self.target.address], self.up.address, 10))
        self.assertGreaterEqual(endpoint["connections"]["ready"], 1)
        self.assertGreaterEqual(min(endpoint["bytes_sent"], endpoint["bytes_received"]), 700)

    def test_metrics_say_the_same(self):
        text = self.target.get("/metrics")
        calls = lambda code: metric(text, "myelin_calls_total", proxy="main", grpc_code=code)
        self.assertEqual((calls("OK"), calls("NOT_FOUND")), (7, 3), text)
        self.assertEqual(metric(text, "myelin_calls_in_flight", proxy="main"), 0)
        self.assertEqual(metric(text, "myelin_call_duration_seconds_count", proxy="main"), 10)

    def test_unknown_page_is_404(self):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.target.get("/no-such-page")
        self.assertEqual(caught.exception.code, 404)

    def test_access_log_has_a_line_per_call(self):
        lines = lambda status: [line for line in self.target.lines if "/test.Service/" in line and status in line
                                and self.up.address in line]
        wait_until(lambda: len(lines("OK")) == 7 and len(lines("NOT_FOUND")) == 3, self.target.log)

    def test_the_hosts_own_refusals_are_counted(self):
        self.up.stop()
        failure(unary, self.channel(self.target))
        stats = self.target.stats()
        self.assertEqual(stats["calls"].get("UNAVAILABLE"), 1)
        self.assertGreaterEqual(stats["endpoints"][0]["connections"]["connect_failures"], 1)


if __name__ == "__main__":
    harness.main()
