# SPDX-License-Identifier: Apache-2.0
#
# The live table of calls per endpoint: redrawn in place on a terminal, a line a second elsewhere.
import sys
import time

BAR = 30


class Table:
    """`names` and `weights` by address. Shares are of the calls since the table was made."""

    def __init__(self, names, weights, stats):
        self.names, self.weights = names, weights
        self.before = self._calls(stats)
        self.live = sys.stdout.isatty()
        self.drawn, self.last_line = 0, 0.0

    @staticmethod
    def _calls(stats):
        return {e["address"]: sum(e["calls"].values()) for e in stats["endpoints"]}

    def shares(self, stats):
        """The calls of each endpoint, and its share of all."""
        calls = {a: n - self.before.get(a, 0) for a, n in self._calls(stats).items()}
        total = sum(calls.values())
        return calls, {a: n / total if total else 0.0 for a, n in calls.items()}

    def expected(self, address):
        return self.weights[address] / sum(self.weights.values())

    def draw(self, stats, final=False):
        calls, shares = self.shares(stats)
        if self.live:
            self._redraw(calls, shares, stats)
        elif final or (sum(calls.values()) and time.monotonic() - self.last_line >= 1):
            self.last_line = time.monotonic()
            print("  " + "   ".join(f"{self.names[a]} {calls[a]:5d} {shares[a]:6.1%}" for a in calls), flush=True)

    def _redraw(self, calls, shares, stats):
        in_flight = {e["address"]: e["in_flight"] for e in stats["endpoints"]}
        lines = [f"  {'endpoint':<24}{'weight':>7}{'calls':>8}{'share':>8}{'by weight':>11}{'in flight':>11}"]
        for address, count in calls.items():
            label = f"{self.names[address]} {address}"
            lines.append(f"  {label:<24}{self.weights[address]:>7}{count:>8}{shares[address]:>8.1%}"
                         f"{self.expected(address):>11.1%}{in_flight[address]:>11}  {'█' * round(shares[address] * BAR)}")
        if self.drawn:
            sys.stdout.write(f"\033[{self.drawn}A")
        sys.stdout.write("".join(f"\033[2K{line}\n" for line in lines))
        sys.stdout.flush()
        self.drawn = len(lines)
