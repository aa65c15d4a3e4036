#!/usr/bin/env python3
"""Writes tables and advice into docs/choosing.md: choosing_page.py MEMTABLES.json STRATEGIES.json [PAGE.md]

The files are those of quiver-bench --plan memtables and --plan strategies. Each piece of advice names the figures that
support it and what it costs; advice that the figures do not bear out any more is refused, so that it is written anew.
"""
import json
import pathlib
import sys

from bench_text import mark, replace_part, short, table, taken

ROOT = pathlib.Path(__file__).resolve().parent.parent
WINS_FROM = 1.1  # times as good as the default's: less is noise

MEMTABLE_ROWS = {
    "memtable_put_in_order": "puts in key order",
    "memtable_put_t1": "puts in random order",
    "memtable_put_t2": "the same from two threads",
    "memtable_get_hit": "gets",
    "memtable_seek10": "seeks with 10 steps",
    "memtable_scan": "scan, rows",
    "memtable_put_and_seek10": "a put and a seek with 10 steps, in turn",
    "memtable_flush": "flush, rows",
    "memtable_entry_bytes": "memory an entry",
}
STRATEGY_ROWS = {
    "strategy_load": "load, settled",
    "strategy_overwrite": "overwrites, settled",
    "strategy_overwrite_p9999": "overwrite, 99.99 % are faster",
    "strategy_write_amplification": "bytes written a byte put",
    "strategy_space": "space a live byte, at rest",
    "strategy_space_peak": "space a live byte, at most",
    "strategy_runs": "runs left",
    "strategy_get": "gets",
    "strategy_found": "share of the keys that gets find",
    "strategy_get_absent": "gets of absent keys",
    "strategy_seek10": "seeks with 10 steps",
    "strategy_scan": "scan, rows",
}

# If you …, take …: rows (with the data set, if not the first one) where it is to be better than the default, and rows
# that show the price.
MEMTABLE_DEFAULT, STRATEGY_DEFAULT = "enhanced_skiplist", "leveled"
MEMTABLE_ADVICE = []
STRATEGY_ADVICE = []


class Figures:
    """The figures of one plan, by data set, row and choice."""

    def __init__(self, path, default):
        self.document = json.loads(pathlib.Path(path).read_text())
        self.default = default
        self.choices = [engine["name"] for engine in self.document["engines"]]
        self.rows = {(row["dataset"], row["row"], row["engine"]): row for row in self.document["rows"]}
        self.datasets = list(dict.fromkeys(row["dataset"] for row in self.document["rows"]))

    def cell(self, dataset, name, choice):
        row = self.rows.get((dataset, name, choice))
        if row is None:
            return "–"
        return f"{short(row['median'])} ({short(row['min'])}–{short(row['max'])}){mark(row)}"

    def table(self, dataset, titles):
        lines = []
        for name, title in titles.items():
            known = [row for (of, row_name, _), row in self.rows.items() if (of, row_name) == (dataset, name)]
            if known:
                lines.append([title, known[0]["unit"], *[self.cell(dataset, name, choice) for choice in self.choices]])
        return table(["", "unit", *[f"`{choice}`" for choice in self.choices]], lines)

    def against_default(self, choice, dataset, name):
        """How many times as good as the default, and both figures as text."""
        mine, usual = (self.rows[dataset, name, which] for which in (choice, self.default))
        more = mine["more_is_better"]
        times = mine["median"] / usual["median"] if more else usual["median"] / mine["median"]
        return times, f"{short(mine['median'])} against {short(usual['median'])} {mine['unit']}"

    def advice(self, pieces, titles):
        lines = []
        for piece in pieces:
            choice, texts = piece["take"], {"wins": [], "costs": []}
            for kind, found in texts.items():
                for dataset, name in piece.get(kind, []):
                    times, text = self.against_default(choice, dataset, name)
                    if (times < WINS_FROM) if kind == "wins" else (times > 1 / WINS_FROM):
                        raise SystemExit(f"advice for {choice}: {name} on {dataset} is {times:.2f} times as good as with "
                                         f"{self.default}: not what its '{kind}' say. Write it anew")
                    found.append(f"{titles[name]} ({dataset}): {text}")
            lines.append([piece["if"], f"`{choice}`", "; ".join(texts["wins"]) or piece["because"], "; ".join(texts["costs"]) or "–"])
        return table(["if you …", "take", f"since, against `{self.default}`", "it costs"], lines)


def memtables(figures):
    parts = [taken(figures.document), figures.advice(MEMTABLE_ADVICE, MEMTABLE_ROWS)]
    for dataset in figures.datasets:
        parts += [f"### {dataset}", figures.table(dataset, MEMTABLE_ROWS)]
    return "\n\n".join(parts)


def strategies(figures):
    return "\n\n".join([taken(figures.document), figures.advice(STRATEGY_ADVICE, STRATEGY_ROWS),
                        figures.table(figures.datasets[0], STRATEGY_ROWS)])


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    page = pathlib.Path(sys.argv[3]) if len(sys.argv) == 4 else ROOT / "docs" / "choosing.md"
    replace_part(page, "memtables", memtables(Figures(sys.argv[1], MEMTABLE_DEFAULT)))
    replace_part(page, "strategies", strategies(Figures(sys.argv[2], STRATEGY_DEFAULT)))


if __name__ == "__main__":
    main()
