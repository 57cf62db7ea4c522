# SPDX-License-Identifier: Apache-2.0
#
# Python clients that call for a while, each under a name and a connection of its own.
import statistics
import threading
import time

import grpc

METHOD = "/demo.Echo/Whoami"
OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0)]


class Load:
    """`callers` threads, each calling at most `rate` times a second until stop()."""

    def __init__(self, address, callers=8, rate=150):
        self.latencies, self.errors = [], []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(address, f"caller-{i}", 1 / rate))
                         for i in range(callers)]
        for thread in self._threads:
            thread.start()

    def _run(self, address, name, pause):
        with grpc.insecure_channel(address, OPTIONS) as channel:
            call = channel.unary_unary(METHOD)
            while not self._stop.is_set():
                since = time.monotonic()
                try:
                    call(b"who are you?", timeout=10, metadata=(("x-caller", name),))
                    self.latencies.append(time.monotonic() - since)
                except grpc.RpcError as error:
                    self.errors.append(error)
                self._stop.wait(max(0.0, pause - (time.monotonic() - since)))

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def median_ms(self):
        return statistics.median(self.latencies) * 1000 if self.latencies else float("nan")


def burst(address, name, count):
    """So many calls at once under one name: how many succeeded, and the errors of the others."""
    with grpc.insecure_channel(address, OPTIONS) as channel:
        call = channel.unary_unary(METHOD)
        call(b"warm up", timeout=10, wait_for_ready=True, metadata=(("x-caller", name + "-first"),))
        futures = [call.future(b"me first!", timeout=10, metadata=(("x-caller", name),)) for _ in range(count)]
        errors = [error for error in (future.exception() for future in futures) if error]
    return count - len(errors), errors
