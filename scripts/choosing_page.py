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
    "memtable_put_t2": "puts from two threads",
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
    "strategy_write_amplification_told": "bytes written a byte put",
    "strategy_write_amplification": "the same as the kernel counts it",
    "strategy_space": "space a live byte, at rest",
    "strategy_space_peak": "space a live byte, at most",
    "strategy_runs": "runs left",
    "strategy_get": "gets",
    "strategy_forgotten": "share of the keys that gets miss",
    "strategy_get_absent": "gets of absent keys",
    "strategy_seek10": "seeks with 10 steps",
    "strategy_scan": "scan, rows",
}

# If you …, take …: rows where it is to be better than the default, and rows that show the price, with their data sets.
MEMTABLE_DEFAULT, STRATEGY_DEFAULT = "enhanced_skiplist", "leveled"
MEMTABLE_ADVICE = [
    {"if": "load in any order and read only what is flushed", "take": "vector",
     "wins": [("64MiB", "memtable_put_in_order"), ("64MiB", "memtable_put_t2")],
     "costs": [("64MiB", "memtable_get_hit"), ("64MiB", "memtable_put_and_seek10")]},
    {"if": "keep memtables small and read by key what was just written", "take": "hash_skiplist",
     "wins": [("1MiB", "memtable_get_hit")],
     "costs": [("64MiB", "memtable_put_t1"), ("64MiB", "memtable_entry_bytes")]},
    {"if": "put long keys with common beginnings, and seldom scan what was just written", "take": "trie",
     "wins": [("64MiB-prefix", "memtable_put_in_order"), ("64MiB-prefix", "memtable_put_t1")],
     "costs": [("64MiB-prefix", "memtable_entry_bytes")]},
]
STRATEGY_ADVICE = [
    {"if": "write much, read little, and have room for four times the data", "take": "tiered",
     "wins": [("S", "strategy_write_amplification_told")],
     "costs": [("S", "strategy_space_peak"), ("S", "strategy_space"), ("S", "strategy_runs")]},
    {"if": "keep a log or a cache whose oldest entries may vanish", "take": "fifo",
     "wins": [("S", "strategy_write_amplification_told")],
     "costs": [("S", "strategy_runs"), ("S", "strategy_space")]},
]


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
        """How many times as good as the default (1 where their spans meet), and both figures as text."""
        mine, usual = (self.rows.get((dataset, name, which)) for which in (choice, self.default))
        if not mine or not usual or not mine["median"] or not usual["median"]:
            return None, "no figures"
        more = mine["more_is_better"]
        times = mine["median"] / usual["median"] if more else usual["median"] / mine["median"]
        # Other work only slows: a disturbed figure that is better all the same counts, one that is worse shows nothing.
        if mine["unit"] in ("1/s", "us") and (mine if times < 1 else usual)["disturbed"]:
            return None, "of a disturbed run"
        apart = mine["min"] > usual["max"] or mine["max"] < usual["min"]
        return times if apart else 1, f"{short(mine['median'])} against {short(usual['median'])} {mine['unit']}"

    def advice(self, pieces, titles):
        lines = []
        for piece in pieces:
            choice, texts = piece["take"], {"wins": [], "costs": []}
            for kind, found in texts.items():
                for dataset, name in piece[kind]:
                    times, text = self.against_default(choice, dataset, name)
                    if times is None or (times < WINS_FROM if kind == "wins" else times > 1 / WINS_FROM):
                        raise SystemExit(f"the advice to take {choice}: among its '{kind}' is {name} on {dataset}, but the figures are "
                                         f"{text} of {self.default}. Write it anew")
                    found.append(f"{titles[name]}{self.where(dataset)}: {text}")
            lines.append([piece["if"], f"`{choice}`", "; ".join(texts["wins"]), "; ".join(texts["costs"])])
        lines.append(["do none of these", f"`{self.default}`", "it is the default, and the measure of this table", ""])
        return table(["if you …", "take", f"since it has, against `{self.default}`", "it costs"], lines)

    def where(self, dataset):
        return f" ({dataset})" if len(self.datasets) > 1 else ""

    def differences(self, dataset, titles):
        """For each choice, where it is clearly better and worse than the default."""
        lines = []
        for choice in self.choices:
            if choice == self.default:
                continue
            better, worse = [], []
            for name, title in titles.items():
                times, _ = self.against_default(choice, dataset, name)
                if times is not None and times >= WINS_FROM:
                    better.append(f"{title} {short(times)}x")
                elif times is not None and times <= 1 / WINS_FROM:
                    worse.append(f"{title} {short(1 / times)}x")
            if any((dataset, name, choice) in self.rows for name in titles):
                lines.append([f"`{choice}`", "; ".join(better) or "nothing", "; ".join(worse) or "nothing"])
        return table([f"against `{self.default}`", "better", "worse"], lines)


def render(figures, advice, titles, main_dataset):
    parts = [taken(figures.document), figures.advice(advice, titles),
             f"All that differs by a tenth or more{figures.where(main_dataset)}:", figures.differences(main_dataset, titles)]
    for dataset in figures.datasets:
        parts += [f"### Figures of {dataset}"] if len(figures.datasets) > 1 else ["### Figures"]
        parts.append(figures.table(dataset, titles))
    return "\n\n".join(parts)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    page = pathlib.Path(sys.argv[3]) if len(sys.argv) == 4 else ROOT / "docs" / "choosing.md"
    replace_part(page, "memtables", render(Figures(sys.argv[1], MEMTABLE_DEFAULT), MEMTABLE_ADVICE, MEMTABLE_ROWS, "64MiB"))
    replace_part(page, "strategies", render(Figures(sys.argv[2], STRATEGY_DEFAULT), STRATEGY_ADVICE, STRATEGY_ROWS, "S"))


if __name__ == "__main__":
    main()
