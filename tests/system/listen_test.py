# SPDX-License-Identifier: Apache-2.0
#
# Where myelin listens and connects: several addresses, IPv6, unix sockets.
import pathlib
import socket
import subprocess
import tempfile

import harness
from harness import BINARY, proxy_only, unary


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@proxy_only
class ListenTest(harness.ProxyTest):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="myelin-test-")
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return pathlib.Path(self.folder.name) / name

    def test_unix_sockets_serve_on_both_sides(self):
        up, down = self.path("up.sock"), self.path("down.sock")
        self.own(harness.Upstream(also=f"unix:{up}"))
        self.start([f"unix:{up}"], listen=f"unix:{down}")
        self.assertEqual(unary(self.channel(f"unix:{down}"))[0], b"x")

    def test_each_listed_address_serves(self):
        target = self.start([self.upstream()], listen=["127.0.0.1:0", "127.0.0.2:0"])
        second = target.wait_line(r'proxy "main" listens on (127\.0\.0\.2:\d+)')[1]
        for address in (target.address, second):
            self.assertEqual(unary(self.channel(address))[0], b"x")
        self.assertEqual(sorted(target.stats()["listen"]), sorted([target.address, second]))

    def test_ipv6_serves(self):
        if not has_ipv6():
            self.skipTest("no IPv6 here")
        target = self.start([self.upstream()], listen="[::1]:0")
        self.assertEqual(unary(self.channel(target.address))[0], b"x")

    def test_second_myelin_on_the_same_port_is_refused(self):
        """No silent sharing of a port by SO_REUSEPORT."""
        target = self.start([self.upstream()])
        second = subprocess.run([BINARY, "--listen", target.address, "--endpoint", "127.0.0.1:1", "--plugin-dir",
                                 harness.PLUGINS], capture_output=True, text=True, timeout=30)
        self.assertEqual(second.returncode, 1, second)
        self.assertIn(target.address, second.stderr)
        self.assertEqual(unary(self.channel(target))[0], b"x")


if __name__ == "__main__":
    harness.main()
