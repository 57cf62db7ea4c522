# SPDX-License-Identifier: Apache-2.0
#
# The Go gateway's files, read unchanged: they start, serve, and their keys act.
import collections
import json
import pathlib
import signal
import subprocess
import tempfile
import time

import grpc
import yaml

import harness  # puts tests/peers on the path
import h2peer
from harness import BINARY, PLUGINS, ROOT, Child, failure, proxy_only, stream, unary


@proxy_only
class LegacyTest(harness.ProxyTest):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="myelin-test-")
        self.addCleanup(self.folder.cleanup)

    def legacy(self, *proxies):
        """myelin with a legacy file; keys not given are as in the gateway's own sample. Returns its addresses."""
        sample = {"ENABLED": True, "POOL_ENABLED": True, "DIAL_TIMEOUT": 5, "BACKOFF_MAX_DELAY": 3,
                  "KEEPALIVE_TIME": 3, "KEEPALIVE_TIMEOUT": 3, "REQUEST_IDLE_TIME": 10, "REQUEST_MAX_LIFE": 60,
                  "REQUEST_TIMEOUT": 3, "POOL_MODEL": 1, "PROXY_MODEL": "randomWeight", "GRPC_REQUEST_REUSABLE": True,
                  "DEFAULT_GRPC_CONN_NUM": 2, "PROXY_PORT": "0"}
        file = pathlib.Path(self.folder.name) / "ProxyConfig.yaml"
        file.write_text(yaml.safe_dump({"proxy": {
            "setting": {"LISTEN_PROXY_ADDR": "127.0.0.1"}, "proxy_list": [{**sample, **p} for p in proxies]}}))
        host = pathlib.Path(self.folder.name) / "Config.yaml"
        host.write_text("RUN_MODE: prod\nHTTP_SERVER_PORT: '127.0.0.1:0'\nLOG_LEVEL: info\n")
        self.child = Child([BINARY, "--config", file, "--config", host, "--plugin-dir", PLUGINS])
        self.addCleanup(self.finish)
        names = [p["PROXY_NAME"] for p in proxies if p.get("ENABLED", True)]
        return [self.child.wait_line(rf'proxy \\?"{name}\\?" listens on ([\d.:]+)')[1] for name in names]

    def finish(self):
        if self.child.running():
            self.child.signal(signal.SIGTERM)
        try:
            self.assertEqual(self.child.wait(), 0)
        finally:
            if not self._outcome.success:
                print(self.child.log())
            self.child.kill()

    def named(self, name):
        return self.upstream(Name=lambda requests, _: (list(requests), iter([name.encode()]))[1])

    def test_weights_are_honoured(self):
        """GRPC_PROXY_ENDPOINTS, PROXY_MODEL: the original parsed weights and never used them."""
        a, b = self.named("a"), self.named("b")
        address, = self.legacy({"PROXY_NAME": "default",
                                "GRPC_PROXY_ENDPOINTS": [f"{a.address}#9", f"{b.address}#1"]})
        channel = self.channel(address)
        got = collections.Counter(unary(channel, "Name")[0] for _ in range(1000))
        self.assertAlmostEqual(got[b"a"], 900, delta=60)

    def test_proxy_metadata_names_the_proxy_and_disabled_ones_are_not_there(self):
        a, b = self.named("a"), self.named("b")
        first, second = self.legacy(
            {"PROXY_NAME": "default", "GRPC_PROXY_ENDPOINTS": [a.address]},
            {"PROXY_NAME": "other", "GRPC_PROXY_ENDPOINTS": [b.address], "PROXY_MODEL": "minConn", "POOL_MODEL": 0},
            {"PROXY_NAME": "retired", "ENABLED": False, "GRPC_PROXY_ENDPOINTS": [b.address]})
        channel = self.channel(first)
        self.assertEqual(unary(channel, "Name")[0], b"a")
        self.assertEqual(unary(channel, "Name", metadata=(("proxy", "other"),))[0], b"b")
        self.assertEqual(unary(self.channel(second), "Name")[0], b"b")
        self.assertNotIn("retired", self.child.log())

    def test_request_timeout_acts(self):
        """REQUEST_TIMEOUT: without effect in the original."""
        server = self.own(h2peer.Server(lambda stream: stream.wait_closed(60)))
        address, = self.legacy({"PROXY_NAME": "default", "GRPC_PROXY_ENDPOINTS": [server.address],
                                "REQUEST_TIMEOUT": 1})
        since = time.monotonic()
        self.assertEqual(failure(unary, self.channel(address), timeout=None).code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertTrue(0.9 < time.monotonic() - since < 4)

    def test_pool_off_shares_one_connection(self):
        """POOL_ENABLED false; GRPC_REQUEST_REUSABLE false gives each call a connection of its own."""
        for keys, connections in (({"POOL_ENABLED": False}, 1), ({"GRPC_REQUEST_REUSABLE": False}, 3)):
            with self.subTest(keys):
                server = self.own(h2peer.Server(lambda s: (s.wait_messages(1), s.wait_closed(), h2peer.reply(s))))
                address, = self.legacy({"PROXY_NAME": "default", "GRPC_PROXY_ENDPOINTS": [server.address], **keys})
                connection = h2peer.connect(address)
                streams = [connection.request("/test.Service/Echo") for _ in range(3)]
                for each in streams:
                    each.send_data(h2peer.frame(b"x"))
                harness.wait_until(lambda: len(server.streams) == 3, "three calls upstream")
                self.assertEqual(len({id(s.connection) for s in server.streams}), connections)
                for each in streams:
                    each.send_data(b"", end=True)
                    each.wait_closed()
                connection.close()
                self.finish()

    def test_convert_prints_a_native_file_that_checks(self):
        result = subprocess.run([BINARY, "convert", "--config", ROOT / "config" / "legacy" / "ProxyConfig.yaml"],
                                capture_output=True, text=True, timeout=30)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(result.stderr, "which keys had no effect and now have")
        native = pathlib.Path(self.folder.name) / "native.yaml"
        native.write_text(result.stdout)
        self.assertIn("proxies", yaml.safe_load(result.stdout))
        check = subprocess.run([BINARY, "check", "--config", native, "--plugin-dir", PLUGINS],
                               capture_output=True, text=True, timeout=30)
        self.assertEqual(check.returncode, 0, check.stderr)

    def test_samples_check(self):
        folder = ROOT / "config" / "legacy"
        check = subprocess.run([BINARY, "check", "--config", folder / "ProxyConfig.yaml", "--config",
                                folder / "Config.yaml", "--plugin-dir", PLUGINS],
                               capture_output=True, text=True, timeout=30)
        self.assertEqual(check.returncode, 0, check.stderr)


if __name__ == "__main__":
    harness.main()
