#!/usr/bin/env python3
"""Writes quiver-bench's figures into docs/performance.md, between its markers: bench_page.py FIGURES.json [PAGE.md]

    <!-- figures: begin -->  …  <!-- figures: end -->
"""
import json
import pathlib
import sys

from bench_text import mark, replace_part, short, table, taken

ROOT = pathlib.Path(__file__).resolve().parent.parent


def cell(row):
    if row is None:
        return "–"
    return f"{short(row['median'])} ({short(row['min'])}–{short(row['max'])}){mark(row)}"


def dataset_table(figures, dataset):
    engines = figures["engines"]
    rows = {(row["row"], row["engine"]): row for row in figures["rows"] if row["dataset"] == dataset}
    ratios = {}
    for entry in figures["ratios"]:
        if entry["dataset"] == dataset and entry["ratio"] is not None:
            ratios.setdefault(entry["row"], entry)
    titles = {engine["name"]: engine["title"] for engine in engines}
    head = ["row", "unit"] + [engine["title"] + (" †" if engine["assertions"] else "") for engine in engines]
    lines = []
    for name in dict.fromkeys(name for name, _ in rows):
        of_row = [rows.get((name, engine["name"])) for engine in engines]
        any_row = next(row for row in of_row if row)
        mine = rows.get((name, "quiver"))
        ratio = ratios.get(name)
        lines.append([name, any_row["unit"], *map(cell, of_row), short(any_row["limit"]), short(mine["efficiency"] if mine else None),
                      f"{ratio['ratio']:.2f} ({titles[ratio['best_peer']]})" if ratio else "–"])
    return table([*head, "limit", "efficiency", "Quiver / best peer"], lines)


def targets_table(figures):
    lines = [[entry["row"], entry["dataset"], entry["kind"], short(entry["value"]), short(entry["floor"]), short(entry["goal"]),
              entry["verdict"]] for entry in figures["ratios"] if entry["verdict"]]
    return table(["target", "data set", "kind", "value", "floor", "goal", "verdict"], lines)


def render(figures):
    parts = [taken(figures), "### Targets", targets_table(figures)]
    for dataset in dict.fromkeys(row["dataset"] for row in figures["rows"]):
        parts += [f"### Data set {dataset}", dataset_table(figures, dataset)]
    parts += ["† built with assertions, which slow it. * only disturbed runs.", "### Settings of the engines",
              "\n".join(f"- {engine['title']} {engine['version']}: {engine['options']}" + (f". Note: {engine['note']}" if engine["note"] else "")
                        for engine in figures["engines"]),
              "### Constants of the machine", table(["constant", "value"], [[name, short(value)] for name, value in figures["constants"].items()])]
    if figures["skipped"] or figures["failures"]:
        parts += ["### Skipped and failed", "\n".join([f"- skipped: {what}" for what in figures["skipped"]]
                                                      + [f"- failed: {what}" for what in figures["failures"]])]
    return "\n\n".join(parts)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    figures = json.loads(pathlib.Path(sys.argv[1]).read_text())
    page = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else ROOT / "docs" / "performance.md"
    replace_part(page, "figures", render(figures))


if __name__ == "__main__":
    main()
