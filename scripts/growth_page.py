#!/usr/bin/env python3
"""Writes the growth of costs into docs/performance.md, from quiver-bench --plan growth: growth_page.py FIGURES.json [PAGE.md]

    <!-- growth: begin -->  …  <!-- growth: end -->
"""
import json
import math
import pathlib
import sys

from bench_text import mark, replace_part, short, table, taken

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIMES = ["fillrandom_t1", "fillrandom_t1_settled", "overwrite_t1", "get_hit_t1", "get_miss_t1", "multiget32", "seek10", "seek10_new",
         "seek100", "scan_forward", "scan_backward"]
THREADS = ["fillrandom", "fillrandom_settled", "overwrite", "get_hit", "get_miss"]
COSTS = [("fillrandom_write_amplification", "x", 1), ("overwrite_write_amplification", "x", 1),
         ("fillrandom_size", "bytes an entry", 1 << 20), ("fillrandom_peak_memory", "bytes an entry", 1 << 20)]


def entries_of(size, scale):
    return float(size.removesuffix("M")) * 1e6 * scale


def per_decade(first, last, sizes, scale):
    """The factor by which a cost grows when the entries grow tenfold."""
    decades = math.log10(entries_of(sizes[-1], scale) / entries_of(sizes[0], scale))
    return (last / first) ** (1 / decades) if decades > 0 else None


def two_threads(name):
    stem, settled = (name.removesuffix("_settled"), "_settled") if name.endswith("_settled") else (name, "")
    return f"{stem}_t1{settled}", f"{stem}_t2{settled}"


class Growth:
    """The figures of one engine, by row and size."""

    def __init__(self, figures, engine):
        self.scale = float(figures["facts"]["scale"])
        self.rows = {(row["row"], row["dataset"]): row for row in figures["rows"] if row["engine"] == engine}
        self.sizes = sorted({dataset for _, dataset in self.rows}, key=lambda size: entries_of(size, 1))

    def line(self, title, cost_of):
        """A line of costs by size, with the growth a decade at its end; `cost_of` gives (cost, mark) or nothing."""
        costs = [cost_of(size) for size in self.sizes]
        here = [(size, cost[0]) for size, cost in zip(self.sizes, costs) if cost]
        growth = per_decade(here[0][1], here[-1][1], [here[0][0], here[-1][0]], self.scale) if len(here) > 1 else None
        return [title, *[short(cost[0]) + cost[1] if cost else "–" for cost in costs], short(growth)]

    def nanoseconds(self, name):
        def cost(size):
            row = self.rows.get((name, size))
            return (1e9 / row["median"], mark(row)) if row else None
        return self.line(name, cost)

    def gain(self, name):
        one, two = two_threads(name)

        def cost(size):
            rows = self.rows.get((one, size)), self.rows.get((two, size))
            return (rows[1]["median"] / rows[0]["median"], mark(rows[0]) or mark(rows[1])) if all(rows) else None
        return self.line(f"{name}: 2 threads / 1", cost)[:-1]

    def cost(self, name, unit, size_bytes):
        def cost(size):
            row = self.rows.get((name, size))
            by = entries_of(size, self.scale) if unit == "bytes an entry" else 1
            return (row["median"] * size_bytes / by, mark(row)) if row else None
        return self.line(f"{name} ({unit})", cost)

    def render(self, title):
        head = [title, *self.sizes]
        return [table([*head, "a tenfold more entries"], [self.nanoseconds(name) for name in TIMES]),
                table(head, [self.gain(name) for name in THREADS]),
                table([*head, "a tenfold more entries"], [self.cost(*cost) for cost in COSTS])]


def render(figures):
    parts = [taken(figures), "Nanoseconds an operation (for scans: a row; for multi-gets: a key), then how many times the rate of one "
             "thread two have, then bytes. The last column says by what a cost is multiplied when the entries grow tenfold: 1 would be no "
             "growth, 10 in proportion. * only disturbed runs."]
    for engine in figures["engines"]:
        growth = Growth(figures, engine["name"])
        if growth.rows:
            parts += growth.render(engine["title"])
    return "\n\n".join(parts)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    figures = json.loads(pathlib.Path(sys.argv[1]).read_text())
    page = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else ROOT / "docs" / "performance.md"
    replace_part(page, "growth", render(figures))


if __name__ == "__main__":
    main()
