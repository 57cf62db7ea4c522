# SPDX-License-Identifier: Apache-2.0
#
# What bad input gets: exit codes, and messages that name file, line, what is wrong and what would be right.
import pathlib
import signal
import socket
import subprocess
import tempfile

import harness
from harness import BINARY, PLUGINS, ROOT, Child, proxy_only, unary

GOOD = f"""\
plugin_dirs: [{PLUGINS}]
pump: {harness.PUMP}
proxies:
  - name: main
    listen: 127.0.0.1:0
    endpoints: [127.0.0.1:50051]
"""


@proxy_only
class ConfigTest(harness.ProxyTest):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="myelin-test-")
        self.addCleanup(self.folder.cleanup)
        self.file = pathlib.Path(self.folder.name) / "proxy.yaml"

    def myelin(self, *arguments):
        return subprocess.run([BINARY, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=30)

    def check(self, text):
        self.file.write_text(text)
        return self.myelin("check", "--config", str(self.file))

    def assert_refused(self, text, line, *fragments):
        """By `check` and by `run` alike."""
        for result in (self.check(text), self.myelin("--config", str(self.file))):
            self.assertEqual(result.returncode, 1, result)
            self.assertIn(f"{self.file}:{line}:", result.stderr)
            for fragment in fragments:
                self.assertIn(fragment, result.stderr)

    def test_good_file_checks(self):
        result = self.check(GOOD)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_broken_yaml_is_refused(self):
        self.assert_refused(GOOD.replace("listen: ", "listen: a: "), 5, "YAML")

    def test_unknown_key_is_refused_with_a_suggestion(self):
        self.assert_refused(GOOD + "    balancr: min_conn\n", 7, "balancr", "did you mean", "balancer")

    def test_unknown_policy_is_refused_with_a_suggestion(self):
        self.assert_refused(GOOD + "    balancer: min_con\n", 7, "min_con", "min_conn")

    def test_unknown_option_of_a_plugin_is_refused_with_a_suggestion(self):
        self.assert_refused(GOOD + "    pool: {loose: {sise: 3}}\n", 7, "sise", "size")

    def test_option_out_of_range_is_refused(self):
        self.assert_refused(GOOD + "    pool: {loose: {size: -3}}\n", 7, "size", "-3")

    def test_bad_endpoints_are_refused(self):
        for endpoint, fragment in (("nowhere", "port"), ("127.0.0.1:99999", "99999"), ("127.0.0.1:1#-4", "-4")):
            self.assert_refused(GOOD.replace("127.0.0.1:50051", endpoint), 6, fragment)

    def test_duplicate_names_are_refused(self):
        twin = "  - {name: main, listen: 127.0.0.1:0, endpoints: [127.0.0.1:1]}\n"
        self.assert_refused(GOOD + twin, 7, "main")

    def test_route_to_nowhere_is_refused(self):
        self.assert_refused(GOOD + "    routes: [{service: a.B, to: mane}]\n", 7, "mane", "main")

    def test_all_errors_come_at_once(self):
        bad = GOOD + "    balancr: min_conn\n    pool: {loose: {sise: 3}}\n    timeouts: {connect: soon}\n"
        result = self.check(bad)
        self.assertEqual(result.returncode, 1)
        for line in (7, 8, 9):
            self.assertIn(f"{self.file}:{line}:", result.stderr)

    def test_file_that_is_no_plugin_is_refused(self):
        other = pathlib.Path(self.folder.name) / "other.so"
        other.write_text("not an object")
        self.assert_refused(GOOD + f"    balancer: {other}\n", 7, "other.so")

    def test_missing_file_is_named(self):
        result = self.myelin("--config", "/nowhere/proxy.yaml")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nowhere/proxy.yaml", result.stderr)

    def test_wrong_command_line_exits_with_2(self):
        for arguments in (["--no-such-flag"], ["frobnicate"], ["check"]):
            result = self.myelin(*arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)
            self.assertTrue(result.stderr)

    def test_help_and_version_exit_with_0(self):
        for arguments in (["--help"], ["check", "--help"], ["--version"]):
            result = self.myelin(*arguments)
            self.assertEqual((result.returncode, result.stderr), (0, ""), arguments)
            self.assertIn("myelin", result.stdout)

    def test_taken_port_is_refused_by_name(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.file.write_text(GOOD.replace("127.0.0.1:0", f"127.0.0.1:{port}"))
            result = self.myelin("--config", str(self.file))
        self.assertEqual(result.returncode, 1, result)
        self.assertIn(f"127.0.0.1:{port}", result.stderr)

    def test_every_error_of_a_taken_admin_port_is_said(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.file.write_text(GOOD)
            result = self.myelin("--config", str(self.file), "--admin", f"127.0.0.1:{port}")
        self.assertEqual(result.returncode, 1, result)
        self.assertIn(f"127.0.0.1:{port}", result.stderr)

    def test_one_proxy_runs_from_flags_alone(self):
        upstream = self.upstream()
        child = Child([BINARY, "--listen", "127.0.0.1:0", "--endpoint", upstream.address + "#10",
                       "--balancer", "min_conn", "--pool", "strict", "--limiter", "token_bucket=rate=1000,burst=100",
                       "--admin", "127.0.0.1:0", "--workers", "1", "--plugin-dir", PLUGINS, "--pump", harness.PUMP])
        self.addCleanup(child.kill)
        address = child.wait_line(r'proxy ".*" listens on (\S+)')[1]
        self.assertEqual(unary(self.channel(address))[0], b"x")
        child.signal(signal.SIGTERM)
        self.assertEqual(child.wait(), 0)

    def test_dump_shows_defaults_and_where_values_came_from(self):
        self.file.write_text(GOOD)
        result = self.myelin("dump", "--config", str(self.file), "--balancer", "min_conn")
        self.assertEqual(result.returncode, 0, result.stderr)
        for fragment in ("127.0.0.1:50051", "min_conn", "connect: 5s", str(self.file)):
            self.assertIn(fragment, result.stdout)

    def test_examples_check(self):
        for example in sorted((ROOT / "config").glob("*.yaml")):
            with self.subTest(example.name):
                result = self.myelin("check", "--config", str(example), "--plugin-dir", PLUGINS)
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_plugins_are_listed_and_described(self):
        listed = self.myelin("plugins", "list", "--plugin-dir", PLUGINS)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        for name in ("random_weight", "min_conn", "strict", "loose", "token_bucket", "access"):
            self.assertIn(name, listed.stdout)
        described = self.myelin("plugins", "describe", "token_bucket", "--plugin-dir", PLUGINS)
        self.assertEqual(described.returncode, 0, described.stderr)
        self.assertIn("burst", described.stdout)


if __name__ == "__main__":
    harness.main()
