# SPDX-License-Identifier: Apache-2.0
#
# gRPC's official interop client against the official interop server, both as Debian's ruby-grpc ships them.
# The cases that need Google accounts cannot run here. The two compressed cases fail against the Ruby server
# even without a proxy, as it has no probe for them; messages_test.py and the conformance cases cover it.
import glob
import socket
import unittest

import harness

TESTS = next(iter(glob.glob("/usr/lib/*/rubygems-integration/*/gems/grpc-*/src/ruby/pb/test")), None)
CASES = ("empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
         "timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response", "unimplemented_method",
         "unimplemented_service", "status_code_and_message", "custom_metadata")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RubyServer(harness.Child):
    """The official server takes no port 0 and says nothing when it is ready."""

    def __init__(self):
        port = free_port()
        super().__init__(["/usr/bin/ruby", f"{TESTS}/server.rb", "--port", port])
        self.address = f"127.0.0.1:{port}"
        harness.wait_until(self.accepts, self.log)

    def accepts(self):
        host, port = self.address.split(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0

    def stop(self):
        self.kill()


@unittest.skipIf(TESTS is None, "ruby-grpc is not installed")
class InteropTest(harness.ProxyTest):
    def setUp(self):
        self.target = self.start([self.own(RubyServer())])

    def run_case(self, case):
        host, port = self.target.address.split(":")
        client = harness.Child(["/usr/bin/ruby", f"{TESTS}/client.rb", f"--server_host={host}",
                                f"--server_port={port}", f"--test_case={case}"])
        self.addCleanup(client.kill)
        self.assertEqual(client.wait(60), 0, client.log())
        self.assertIn(f'"OK: {case}"', client.log())

    def test_every_case_passes(self):
        for case in CASES:
            with self.subTest(case):
                self.run_case(case)

    def test_no_case_of_the_client_is_forgotten(self):
        accounts = {"service_account_creds", "jwt_token_creds", "compute_engine_creds", "oauth2_auth_token",
                    "per_rpc_creds"}
        compressed = {"client_compressed_unary", "client_compressed_streaming"}
        with open(f"{TESTS}/client.rb", encoding="utf-8") as source:
            body = source.read().split("class NamedTests")[1].split("  def all")[0]
        named = {line.split()[1].split("(")[0] for line in body.splitlines() if line.startswith("  def ")}
        self.assertEqual(named - {"initialize"} - accounts - compressed, set(CASES))


if __name__ == "__main__":
    harness.main()
