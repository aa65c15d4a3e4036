#!/usr/bin/env python3
"""Makes one self-contained HTML page with charts from quiver-bench's JSON: bench_report.py FIGURES.json PAGE.html

No network, no library: the charts are SVG drawn here. A bar is an engine's median, its whisker reaches from minimum to
maximum, the dashed line is the row's limit.
"""
import html
import json
import pathlib
import sys

from bench_text import short

COLOURS = ["#c2410c", "#1d4ed8", "#60a5fa", "#15803d", "#7e22ce", "#b45309", "#475569", "#be185d"]
BAR_HEIGHT, NAME_WIDTH, BAR_WIDTH, FIGURE_WIDTH = 18, 170, 520, 170
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1c1917; }
h2 { margin-top: 2.2rem; border-bottom: 1px solid #d6d3d1; } h3 { margin: 1.1rem 0 .2rem; font-size: 1rem; }
table { border-collapse: collapse; font-size: .9rem; } td, th { padding: .15rem .6rem; border-bottom: 1px solid #e7e5e4; }
td { text-align: right; } td:first-child, th { text-align: left; } .goal { color: #15803d; } .floor { color: #a16207; }
.below { color: #b91c1c; font-weight: 600; } .note { color: #57534e; font-size: .9rem; } svg text { font: 12px system-ui, sans-serif; }
"""


def escaped(value):
    return html.escape(str(value))


def bar(row, index, scale, colour, title):
    """One engine's line in a chart: name, bar, whisker, figure."""
    y = index * BAR_HEIGHT
    middle = y + BAR_HEIGHT / 2
    low, median, high = (NAME_WIDTH + row[key] * scale for key in ("min", "median", "max"))
    marks = (" †" if row["assertions"] else "") + (" *" if row["disturbed"] else "")
    return (f'<text x="{NAME_WIDTH - 6}" y="{middle + 4}" text-anchor="end">{escaped(title)}{marks}</text>'
            f'<rect x="{NAME_WIDTH}" y="{y + 3}" width="{max(1, median - NAME_WIDTH):.1f}" height="{BAR_HEIGHT - 6}" fill="{colour}"/>'
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" stroke="#1c1917"/>'
            f'<text x="{max(median, high) + 6:.1f}" y="{middle + 4}">{short(row["median"])}</text>')


def chart(rows, titles, colours):
    largest = max(row["max"] for row in rows) or 1
    limit = rows[0]["limit"]
    # A limit far beyond every figure would flatten the bars: then it is only told in words.
    shown = limit is not None and limit <= 4 * largest
    scale = BAR_WIDTH / max(largest, limit if shown else 0)
    height = len(rows) * BAR_HEIGHT
    lines = [bar(row, index, scale, colours[row["engine"]], titles[row["engine"]]) for index, row in enumerate(rows)]
    if shown:
        x = NAME_WIDTH + limit * scale
        lines.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}" stroke="#57534e" stroke-dasharray="4 3"/>')
    width = NAME_WIDTH + BAR_WIDTH + FIGURE_WIDTH
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">{"".join(lines)}</svg>'


def row_section(name, rows, ratio, titles, colours):
    better = "more is better" if rows[0]["more_is_better"] else "less is better"
    words = [f"{rows[0]['unit']}, {better}"]
    if rows[0]["limit"] is not None:
        words.append(f"limit {short(rows[0]['limit'])}")
    if ratio and ratio["ratio"] is not None:
        words.append(f"Quiver against {titles[ratio['best_peer']]}: {ratio['ratio']:.2f}")
    return f"<h3>{escaped(name)}</h3><div class=note>{escaped('; '.join(words))}</div>{chart(rows, titles, colours)}"


def targets_table(ratios):
    lines = []
    for entry in ratios:
        if entry["verdict"] is None:
            continue
        kind = "below" if entry["verdict"].startswith("below") else entry["verdict"]
        lines.append(f"<tr><td>{escaped(entry['row'])}</td><td>{escaped(entry['dataset'])}</td><td>{escaped(entry['kind'])}</td>"
                     f"<td>{short(entry['value'])}</td><td>{short(entry['floor'])}</td><td>{short(entry['goal'])}</td>"
                     f"<td class={kind}>{escaped(entry['verdict'])}</td></tr>")
    head = "<tr><th>row</th><th>data set</th><th>kind</th><th>value</th><th>floor</th><th>goal</th><th>verdict</th></tr>"
    return f"<table>{head}{''.join(lines)}</table>"


def list_of(entries):
    return "<ul class=note>" + "".join(f"<li>{escaped(entry)}</li>" for entry in entries) + "</ul>"


def page(figures):
    titles = {engine["name"]: engine["title"] for engine in figures["engines"]}
    colours = {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(titles)}
    facts = figures["facts"]
    parts = ["<h1>Quiver beside other engines</h1>",
             f"<p class=note>{escaped(facts.get('machine', ''))}. {escaped(facts.get('begun', ''))} to {escaped(facts.get('ended', ''))}, "
             f"plan {escaped(facts.get('plan', ''))}, scale {escaped(facts.get('scale', ''))}, {escaped(facts.get('rounds', ''))} rounds; "
             f"load average {escaped(facts.get('load_average', ''))} before, {escaped(facts.get('load_average_after', ''))} after; "
             f"{figures['runs']['disturbed']} of {figures['runs']['all']} runs were disturbed by other work. "
             "† built with assertions, which slow it. * only disturbed runs.</p>", "<h2>Targets</h2>", targets_table(figures["ratios"])]
    for dataset in dict.fromkeys(row["dataset"] for row in figures["rows"]):
        parts.append(f"<h2>Data set {escaped(dataset)}</h2>")
        of_dataset = [row for row in figures["rows"] if row["dataset"] == dataset]
        for name in dict.fromkeys(row["row"] for row in of_dataset):
            ratio = next((entry for entry in figures["ratios"] if (entry["row"], entry["dataset"]) == (name, dataset)), None)
            parts.append(row_section(name, [row for row in of_dataset if row["row"] == name], ratio, titles, colours))
    parts += ["<h2>Engines</h2>", list_of(f"{engine['title']} {engine['version']}: {engine['options']}"
                                          + (f". Note: {engine['note']}" if engine["note"] else "") for engine in figures["engines"]),
              "<h2>Constants of the machine</h2>", list_of(f"{name}: {short(value)}" for name, value in figures["constants"].items()),
              "<h2>Facts</h2>", list_of(f"{name}: {value}" for name, value in facts.items())]
    for title in ("skipped", "failures"):
        if figures[title]:
            parts += [f"<h2>{title.capitalize()}</h2>", list_of(figures[title])]
    return ("<!doctype html><html lang=en><meta charset=utf-8><title>Quiver beside other engines</title>"
            f"<style>{STYLE}</style><body>{''.join(parts)}</body></html>\n")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    figures = json.loads(pathlib.Path(sys.argv[1]).read_text())
    pathlib.Path(sys.argv[2]).write_text(page(figures))


if __name__ == "__main__":
    main()
