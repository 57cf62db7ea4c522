# SPDX-License-Identifier: Apache-2.0
#
# Draws the loads that all peers took part in: CPU time per call of each, myelin's being 1. SVG by hand, so that it needs
# nothing and a new run makes a small difference.
import statistics
from xml.sax.saxutils import escape

import loads

NAMES = {"haproxy": "HAProxy", "haproxy-tcp": "HAProxy, TCP only", "nghttpx": "nghttpx", "nginx": "nginx",
         "bare": "bare grpc++ relay", "envoy": "Envoy"}
SHOWN = ("unary-4x25", "unary-16k", "unary-1m", "stream-1m")
WIDTH, PANEL_WIDTH, LEFT, TOP, BAR, GAP = 880, 440, 140, 64, 18, 8

STYLE = """text { font: 13px system-ui, sans-serif; fill: #24292f } .head { font-weight: 600; font-size: 16px }
.sub { font-weight: 600 } .end { text-anchor: end } .note { fill: #57606a; font-size: 12px }
.bar { fill: #afb8c1 } .ours { fill: #1f6feb } .paper { fill: #ffffff }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .note { fill: #9198a1 } .bar { fill: #57606a }
.ours { fill: #58a6ff } .paper { fill: #0d1117 } }"""


def ratios(result, ours):
    """Each relay's CPU per call over ours: the median of the rounds' ratios, the cheapest first."""
    found = {}
    for name in result["medians"]:
        if not name.startswith("myelin") or name == ours:
            each = [figures[name]["cpu_us"] / figures[ours]["cpu_us"] for figures in result["rounds"]
                    if name in figures and ours in figures]
            if each:
                found[name] = statistics.median(each)
    return sorted(found.items(), key=lambda item: item[1])


def panel(title, rows, ours, left, top):
    longest = max(ratio for _, ratio in rows)
    room = PANEL_WIDTH - LEFT - 70
    lines = [f'<text class="sub" x="{left + 16}" y="{top}">{escape(title)}</text>']
    for i, (name, ratio) in enumerate(rows):
        y, length = top + 14 + i * (BAR + GAP), max(ratio / longest * room, 1)
        label, kind = ("Myelin", "bar ours") if name == ours else (NAMES.get(name, name), "bar")
        lines += [f'<text class="end" x="{left + LEFT}" y="{y + 14}">{escape(label)}</text>',
                  f'<rect class="{kind}" x="{left + LEFT + 8}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>',
                  f'<text x="{left + LEFT + 14 + length:.1f}" y="{y + 14}">{ratio:.2f}</text>']
    return lines


def draw(results, ours, note):
    """The picture, or None when no load has all peers."""
    whole = [(name, ratios(results[name], ours)) for name in SHOWN if name in results and ours in results[name]["medians"]]
    whole = [(name, rows) for name, rows in whole if {peer for peer, _ in rows} >= set(loads.DEBIANS)]
    if not whole:
        return None
    height_of_panel = 40 + max(len(rows) for _, rows in whole) * (BAR + GAP)
    height = TOP + (len(whole) + 1) // 2 * height_of_panel + 20
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">',
             f"<style>{STYLE}</style>", '<rect class="paper" width="100%" height="100%" rx="6"/>',
             '<text class="head" x="16" y="28">CPU time per call, Myelin = 1; less is better</text>']
    for i, (name, rows) in enumerate(whole):
        lines += panel(results[name]["title"], rows, ours, i % 2 * PANEL_WIDTH, TOP + i // 2 * height_of_panel)
    lines.append(f'<text class="note" x="16" y="{height - 14}">{escape(note)}</text>')
    return "\n".join(lines + ["</svg>"]) + "\n"
