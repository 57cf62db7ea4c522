# SPDX-License-Identifier: Apache-2.0
#
# h2spec, the conformance suite for HTTP/2 servers (github.com/summerwind/h2spec), strict cases too. Needs Go and its
# module proxy once; it is built beside the proxy under test, and kept there.
import os
import pathlib
import shutil
import subprocess
import unittest

import harness  # puts tests/peers on the path

VERSION = "v2.2.1+incompatible"
FOLDER = pathlib.Path(harness.BINARY).resolve().parent.parent / "h2spec"


def build():
    """The program, or None and why there is none."""
    program = FOLDER / "bin" / "h2spec"
    if program.exists():
        return program, ""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if not go:
        return None, "h2spec needs Go, which is not here"
    environment = {**os.environ, "GOPATH": str(FOLDER / "go"), "GOBIN": str(program.parent), "GOFLAGS": "-modcacherw",
                   "GOCACHE": str(FOLDER / "cache")}
    try:
        subprocess.run([go, "install", f"github.com/summerwind/h2spec/cmd/h2spec@{VERSION}"], env=environment, check=True,
                       capture_output=True, timeout=150)
    except subprocess.CalledProcessError as error:
        return None, "Go could not fetch h2spec: " + error.stderr.decode().strip().rpartition("\n")[2]
    except subprocess.TimeoutExpired:
        return None, "Go could not fetch h2spec in time"
    return program, ""


@unittest.skipIf(harness.DIRECT or harness.PUMP != "frame", "grpc++ passes some 90 of its 146 cases")
class H2specTest(harness.ProxyTest):
    def test_every_case_passes(self):
        program, why = build()
        if program is None:
            self.skipTest(why)
        target = self.start(["127.0.0.1:1"])
        host, port = target.address.rsplit(":", 1)
        run = subprocess.run([program, "-h", host, "-p", port, "-o", "5", "--strict"], capture_output=True, timeout=120)
        text = run.stdout.decode(errors="replace")
        self.assertEqual(run.returncode, 0, text[text.find("Failures"):])
        self.assertRegex(text, r"(\d+) tests, \1 passed, 0 skipped, 0 failed")


if __name__ == "__main__":
    harness.main()
