# SPDX-License-Identifier: Apache-2.0
#
# What the rounds of a load come to: medians of each relay, ratios within rounds, and whether the demands are kept.
import statistics

from loads import ONE_WORKER, amount


def lowest(figures, metric, names):
    values = [figures[name][metric] for name in names if name in figures]
    return min(values) if values else None


def each_round(demand, ours, rounds):
    """The ratio, or the amount, of each round in which there is one."""
    values = []
    for figures in rounds:
        if ours not in figures or demand.metric not in figures[ours]:
            continue
        against = [ours.rpartition(" ")[0] if name == ONE_WORKER else name for name in demand.against]
        value, peer = figures[ours][demand.metric], lowest(figures, demand.metric, against)
        if not demand.against:
            values.append(value)
        elif peer:
            values.append(value / peer)
    return values


def judge(load, ours, rounds, failed):
    """A line of the table for each demand on `ours`."""
    lines = []
    for demand in load.demands:
        values = each_round(demand, ours, rounds)
        line = {"relay": ours, "load": load.title, "metric": demand.metric, "demand": demand.text(), "unit": demand.unit}
        if ours in failed:
            line.update(verdict="FAILED", why=failed[ours])
        elif not values:
            line.update(verdict="not measured", why="; ".join(f"{k}: {v}" for k, v in failed.items()) or "no peer is here")
        else:
            median = statistics.median(values)
            line.update(median=median, lowest=min(values), highest=max(values),
                        verdict="kept" if median <= demand.limit else "missed")
        lines.append(line)
    return lines


def medians(rounds):
    names = {name: None for figures in rounds for name in figures}
    result = {}
    for name in names:
        mine = [figures[name] for figures in rounds if name in figures]
        result[name] = {metric: statistics.median(figures[metric] for figures in mine) for metric in mine[0] if metric != "rates"}
    return result


def table(lines):
    several = len({line["relay"].split()[1] for line in lines}) > 1
    rows = [("load", "demand", "median (lowest - highest)", "")]
    for line in lines:
        figures = line.get("why", "")
        if "median" in line:
            shown = [amount(line[key], line["unit"]) for key in ("median", "lowest", "highest")]
            figures = f"{shown[0]} ({shown[1]} - {shown[2]})"
        rows.append((f"{line['relay']}: {line['load']}" if several else line["load"], f"{line['metric']} {line['demand']}", figures, line["verdict"]))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
