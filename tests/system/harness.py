# SPDX-License-Identifier: Apache-2.0
#
# What the system tests stand on: starts myelin with a configuration on free ports, upstreams in this process
# or beside it, and checks at the end of each test that the proxy leaked nothing and left cleanly.
#
# A test file is run as `python3 NAME_test.py [--direct] [-k PATTERN]`. With --direct (or MYELIN_DIRECT=1) the
# clients talk straight to the first upstream, and tests of the proxy alone are skipped: a case that the direct
# connection fails is a bad case. MYELIN_BIN and MYELIN_PLUGINS name what is tested.
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import sys
import tempfile
import unittest
import urllib.request

import grpc
import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEERS = ROOT / "tests" / "peers"
sys.path.insert(0, str(PEERS))
from processes import WAIT_S, Child, EchoProcess, wait_until  # noqa: E402

DIRECT = bool(os.environ.get("MYELIN_DIRECT")) or "--direct" in sys.argv
FULL = bool(os.environ.get("MYELIN_FULL"))
PUMP = os.environ.get("MYELIN_PUMP", "frame")
BINARY = os.environ.get("MYELIN_BIN", str(ROOT / "build" / "bin" / "myelin"))
PLUGINS = os.environ.get("MYELIN_PLUGINS", str(ROOT / "build" / "plugins"))

# What a pump is known not to keep, by the names of the conformance cases that show it (tests/conformance/run.py).
LIMITS = {
    "generic": {
        "accepted_encodings_pass", "binary_values_keep_their_spelling", "compressed_request_passes_untouched",
        "compressed_response_passes_untouched",
        "content_subtype_passes", "content_that_is_not_grpc_gets_415", "count_of_earlier_attempts_passes",
        "deadline_before_headers_is_trailers_only", "deadline_inside_a_message_is_a_reset",
        "drain_tells_clients_in_two_steps",
        "flood_of_pings_is_told_to_calm_down", "flood_of_provoked_resets_is_told_to_calm_down",
        "flood_of_rapid_resets_is_told_to_calm_down", "flood_of_settings_is_told_to_calm_down",
        "grpc_message_of_trailers_only_passes_byte_for_byte", "grpc_message_passes_byte_for_byte",
        "informational_responses_are_skipped", "memory_does_not_grow_with_a_message",
        "never_indexed_fields_of_a_request_stay_so", "never_indexed_fields_of_a_response_stay_so",
        "own_failure_has_the_content_type_of_the_request", "padding_is_not_data", "refused_stream_is_made_again",
        "request_trailers_reach_the_upstream", "reset_after_a_message_keeps_its_code",
        "reset_before_headers_keeps_its_code", "reset_inside_a_message_is_a_reset", "tags_pass", "tracing_keys_pass",
        "unknown_encoding_passes", "user_agent_passes"},
    "frame": set(),
}
# What it keeps at one time and not at another: as frames happen to come together.
SOMETIMES = {
    "generic": {
        "connection_lost_before_headers_is_unavailable", "flood_of_continuations_is_told_to_calm_down",
        "flood_of_empty_data_is_told_to_calm_down", "flood_of_priorities_is_told_to_calm_down",
        "flood_of_window_updates_is_told_to_calm_down", "headers_and_trailers_without_a_message_stay_two_blocks",
        "oversized_request_headers_fail_one_call"},
    "frame": set(),
}

# Both peers must take what the tests send: grpc's own limits are 4 MiB of message and 8 KB of metadata.
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1),
           ("grpc.max_metadata_size", 1 << 20), ("grpc.enable_http_proxy", 0)]

proxy_only = unittest.skipIf(DIRECT, "is about the proxy alone")


class Proxy(Child):
    """myelin with a configuration, serving. `address` is its first proxy's."""

    def __init__(self, config, arguments=()):
        self.draining, self.folder = False, tempfile.TemporaryDirectory(prefix="myelin-test-")
        self.file = pathlib.Path(self.folder.name) / "myelin.yaml"
        self.config = config
        self.write(config)
        super().__init__([BINARY, "--config", self.file, *arguments],
                         {**os.environ, "STATE_DIRECTORY": self.folder.name})
        self.wait_line(r"admin listens on (\S+)")
        for proxy in config["proxies"]:
            self.wait_line(self._listens(proxy["name"]))
        self.address = self.listen(config["proxies"][0]["name"])
        self.admin = self.wait_line(r"admin listens on (\S+)")[1]

    @staticmethod
    def _listens(name):
        return rf'proxy "{re.escape(name)}" listens on (\S+)'

    def write(self, config):
        self.file.write_text(yaml.safe_dump(config, sort_keys=False))

    def listen(self, name):
        return self.wait_line(self._listens(name))[1]

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.admin}{path}", timeout=WAIT_S) as answer:
            return answer.read().decode()

    def stats(self, name=None):
        proxies = json.loads(self.get("/stats"))["proxies"]
        return proxies[0] if name is None else next(p for p in proxies if p["name"] == name)

    def drain(self):
        self.draining = True
        self.signal(signal.SIGTERM)

    def in_flight(self):
        """Calls that anything in the proxy still counts."""
        proxies = json.loads(self.get("/stats"))["proxies"]
        return sum(p["in_flight"] + sum(e["in_flight"] for e in p["endpoints"]) for p in proxies)

    def wait_idle(self, timeout=WAIT_S):
        wait_until(lambda: self.in_flight() == 0, lambda: f"no call in flight: {self.get('/stats')}", timeout)


class Direct:
    """Stands in for Proxy with --direct: the first endpoint itself."""

    def __init__(self, config):
        endpoint = config["proxies"][0]["endpoints"][0]
        self.address = (endpoint if isinstance(endpoint, str) else endpoint["address"]).split("#")[0]

    def wait_idle(self, timeout=WAIT_S):
        pass


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, handlers):
        self.handlers = handlers

    def service(self, details):
        handler = self.handlers.get(details.method.rsplit("/", 1)[1])
        return handler and grpc.stream_stream_rpc_method_handler(handler)


class Upstream:
    """A grpcio server in this process. Handlers are `f(requests, context)` by method, yielding bytes. `also` is one
    more address to listen on."""

    def __init__(self, workers=32, options=(), port=0, also=None, **handlers):
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(workers),
                                  options=[*OPTIONS, ("grpc.so_reuseport", 0), *options])
        self.server.add_generic_rpc_handlers((_Handlers({"Echo": echo, **handlers}),))
        self.address = "127.0.0.1:%d" % self.server.add_insecure_port(f"127.0.0.1:{port}")
        if also:
            self.server.add_insecure_port(also)
        self.server.start()

    def stop(self, grace=0):
        self.server.stop(grace).wait(WAIT_S)


def echo(requests, _context):
    yield from requests


class ProxyTest(unittest.TestCase):
    """Base of all: what it starts ends with the test, checked."""

    def start(self, endpoints, arguments=(), others=(), **settings):
        """myelin before `endpoints` (upstreams or addresses). `others` are further proxies' maps; keys `admin`,
        `workers`, `log` and such go to the top, all else to the first proxy."""
        top_keys = ("workers", "log", "drain_timeout", "plugin_dirs", "guards", "limits")
        top = {key: settings.pop(key) for key in top_keys if key in settings}
        first = {"name": "main", "listen": "127.0.0.1:0", "endpoints": [_address(e) for e in endpoints],
                 "balancer": "random_weight", "pool": "loose", **settings}
        config = {"pump": PUMP, "workers": 2, "plugin_dirs": [PLUGINS], "admin": {"listen": "127.0.0.1:0"}, **top,
                  "proxies": [first, *others]}
        if DIRECT:
            return Direct(config)
        proxy = Proxy(config, arguments)
        self.proxies = [*getattr(self, "proxies", []), proxy]
        self.addCleanup(self._finish, proxy)
        return proxy

    def _finish(self, proxy):
        """Nothing in flight, then a clean exit on SIGTERM. A test that ended the proxy itself has nothing left."""
        try:
            if proxy.running():
                if not proxy.draining:
                    proxy.wait_idle()
                    proxy.drain()
                self.assertEqual(proxy.wait(), 0, "exit code after SIGTERM")
            self.assertNotRegex(proxy.log(), r"AddressSanitizer|ThreadSanitizer|runtime error:|assert")
        finally:
            if not self._outcome.success:
                print(f"--- {self.id()}: the proxy's log\n" + "\n".join(proxy.lines[-60:]), file=sys.stderr)
            proxy.kill()
            proxy.folder.cleanup()

    def upstream(self, **handlers):
        return self.own(Upstream(**handlers))

    def own(self, thing):
        """`thing.stop()` is called when the test ends."""
        self.addCleanup(thing.stop)
        return thing

    def channel(self, address, *options):
        address = address if isinstance(address, str) else address.address
        channel = grpc.insecure_channel(address, [*OPTIONS, ("grpc.use_local_subchannel_pool", 1), *options])
        self.addCleanup(channel.close)
        return channel

    def assert_status(self, code, error, *fragments):
        self.assertEqual(error.code(), code, error)
        for fragment in fragments:
            self.assertIn(fragment, error.details())


def _address(endpoint):
    return endpoint if isinstance(endpoint, (str, dict)) else endpoint.address


def unary(channel, method="Echo", request=b"x", timeout=WAIT_S, **arguments):
    """One call with one message each way; returns the message and the call. Raises grpc.RpcError."""
    return channel.unary_unary(f"/test.Service/{method}").with_call(request, timeout=timeout, **arguments)


def stream(channel, requests, method="Echo", timeout=WAIT_S, **arguments):
    """A streaming call; iterate it for the answers."""
    return channel.stream_stream(f"/test.Service/{method}")(iter(requests), timeout=timeout, **arguments)


def failure(function, *arguments, **keywords):
    """The RpcError that the call ends with."""
    try:
        answer = function(*arguments, **keywords)
        list(answer) if isinstance(answer, grpc.RpcError) else None
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"a call succeeded that should have failed: {answer}")


def main():
    sys.argv = [argument for argument in sys.argv if argument != "--direct"]
    unittest.main(verbosity=2)
