# SPDX-License-Identifier: Apache-2.0
#
# Processes that tests and the demo start: their output is kept, and they are ended by their own pid.
import os
import pathlib
import re
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
WAIT_S = 20


def wait_until(condition, what, timeout=WAIT_S):
    """Waits until `condition()` is true and returns its value; fails with `what` otherwise."""
    deadline = time.monotonic() + timeout
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(0.005)


class Child:
    """A process whose output lines are kept. Ended by its own pid, never by name."""

    def __init__(self, command, env=None):
        self.lines, self._changed = [], threading.Condition()
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace", env=env)
        self.pid = self.process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def log(self):
        return "\n".join(self.lines)

    def wait_line(self, pattern, timeout=WAIT_S, count=1):
        """The match of the `count`-th line that matches."""
        def found():
            matches = [m for line in self.lines if (m := re.search(pattern, line))]
            return matches[count - 1] if len(matches) >= count else None
        with self._changed:
            self._changed.wait_for(lambda: found() or not self._reader.is_alive(), timeout)
        if not (match := found()):
            raise AssertionError(f"no line /{pattern}/ from {self.process.args}:\n{self.log()}")
        return match

    def running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=WAIT_S):
        code = self.process.wait(timeout)
        self._reader.join(timeout)
        self.process.stdout.close()
        return code

    def kill(self):
        if self.running():
            self.process.kill()
        self.wait()

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def rss_kib(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.pid}/status").read_text())[1])


class EchoProcess(Child):
    """echo_server.py in a process of its own, serving at `address`."""

    def __init__(self, *arguments):
        super().__init__(["/usr/bin/python3", HERE / "echo_server.py", *arguments])
        self.address = "127.0.0.1:" + self.wait_line(r"listening (\d+)")[1]

    def stop(self):
        self.kill()
