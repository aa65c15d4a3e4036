"""The showcase's figures as text, as Markdown for docs/showcase.md and as a page.

usage: report.py SHOWCASE.json PAGE.md     puts the tables between the page's markers: <!-- figures: begin -->, <!-- figures: end -->
"""

from __future__ import annotations

import html
import json
import pathlib
import sys
from typing import Any

STORES = ("Quiver", "RocksDB", "SQLite", "pyarrow")
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:68rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{padding:.3rem .6rem;border-bottom:1px solid #ddd;text-align:right;
vertical-align:top}th:first-child,td:first-child{text-align:left;min-width:13rem}small{color:#666;white-space:nowrap}pre{background:#f5f5f5;padding:1rem;
overflow-x:auto}.bar{height:.35rem;margin-left:auto;background:#9ab}.Quiver .bar{background:#27c}.bad{color:#b00}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}th,td{border-color:#444}pre{background:#222}small{color:#999}}"""


def number(value: float) -> str:
    for unit, size in ((" M", 1e6), (" k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return "–"
    spread = f" ({number(row['min'])}–{number(row['max'])})" if row["samples"] > 1 else ""
    return number(row["median"]) + spread


def ratio(of_store: dict[str, dict[str, Any]]) -> str:
    """How many times better Quiver is than the best of the others; below 1 it is worse."""
    others = [row["median"] for store, row in of_store.items() if store != "Quiver"]
    if "Quiver" not in of_store or not others:
        return "–"
    mine = of_store["Quiver"]
    if mine["row"] == "write under query":
        return "–"  # all are offered the same
    more_is_better = mine["unit"] == "rows/s"
    return f"{mine['median'] / max(others) if more_is_better else min(others) / mine['median']:.2g}"


def tables(result: dict[str, Any]) -> dict[str, list[tuple[str, str, dict[str, dict[str, Any]]]]]:
    """By workload: the rows with their unit and their figures by store."""
    found: dict[str, dict[tuple[str, str], dict[str, dict[str, Any]]]] = {}
    for row in result["rows"]:
        found.setdefault(row["workload"], {}).setdefault((row["row"], row["unit"]), {})[row["store"]] = row
    return {workload: [(name, unit, of_store) for (name, unit), of_store in rows.items()] for workload, rows in found.items()}


def stores_of(rows: list[tuple[str, str, dict[str, dict[str, Any]]]]) -> list[str]:
    return [store for store in STORES if any(store in of_store for _, _, of_store in rows)]


def title(result: dict[str, Any], workload: str) -> str:
    data = result["facts"]["data"][workload]
    return f"{data['title']}: " + ", ".join(f"{rows:,} {name}" for name, rows in data["rows"].items())


def taken(result: dict[str, Any]) -> str:
    facts = result["facts"]
    return (
        f"Taken {facts['date']} with engine and package of commit {facts['commit']} on {facts['machine']}, load average {facts['load_average']:.2g} before; medians "
        f"(minimum–maximum) of {facts['rounds']} rounds; {facts['offered_rows_per_second']:,.0f} rows/s offered by the writer; "
        f"{facts['memory_mib']:,} MiB of memory for each store; DuckDB {facts['duckdb']}, pyarrow {facts['pyarrow']}, Python {facts['python']}; "
        + ", ".join(f"{engine['name']} ({engine['version']})" for engine in result["engines"])
        + "."
    )


def verdict(result: dict[str, Any]) -> str:
    failed = [check for check in result["checks"] if not check["passed"]]
    return f"{len(result['checks'])} checks of equal answers, {len(failed)} failed." + "".join(f" FAILED: {check['what']}." for check in failed)


def targets(result: dict[str, Any]) -> list[list[str]]:
    """The Arrow stream against what issue and design asked of it: a line for each quotient with its goal."""
    median = {(row["row"], row["store"]): row["median"] for row in result["rows"] if row["workload"] == "orders"}
    wanted = [
        (f"stream / RocksDB's iterator, {state}", (f"stream, {state}", "Quiver"), (f"iterator, {state}", "RocksDB"), 10)
        for state in ("as written", "merged")
    ] + [
        (f"both into a table, {state}", (f"stream into a table, {state}", "Quiver"), (f"iterator into a table, {state}", "RocksDB"), 10)
        for state in ("as written", "merged")
    ] + [
        ("stream / plain read of the files, into tables", ("stream into a table, merged", "Quiver"), ("files into tables, merged", "pyarrow"), 0.5),
        ("the same, the stream the first after open", ("stream, merged, first after open", "Quiver"), ("files into tables, merged", "pyarrow"), 0.5),
    ]  # fmt: skip
    return [
        [what, f"{median[ours] / median[other]:.1f}", str(goal), "reached" if median[ours] / median[other] >= goal else "missed"]
        for what, ours, other, goal in wanted
        if ours in median and other in median
    ]


def markdown(result: dict[str, Any]) -> str:
    parts = [taken(result), verdict(result)]
    for workload, rows in tables(result).items():
        stores = stores_of(rows)
        lines = [["", "unit", *stores, "Quiver / best other"], ["---", "---", *["--:"] * (len(stores) + 1)]]
        lines += [[name, unit, *(cell(of_store.get(store)) for store in stores), ratio(of_store)] for name, unit, of_store in rows]
        parts += [f"### {title(result, workload)}", "\n".join("| " + " | ".join(line) + " |" for line in lines)]
    lines = [["Arrow stream, rows a second", "quotient", "goal", ""], ["---", "--:", "--:", "---"], *targets(result)]
    parts += ["### The stream's targets", "\n".join("| " + " | ".join(line) + " |" for line in lines)]
    return "\n\n".join(parts)


def text(result: dict[str, Any]) -> str:
    parts = []
    for workload, rows in tables(result).items():
        stores = stores_of(rows)
        parts += ["", title(result, workload), f"{'':45}" + "".join(f"{store:>24}" for store in stores) + f"{'Quiver / best':>16}"]
        for name, unit, of_store in rows:
            parts.append(f"{name + ', ' + unit:45}" + "".join(f"{cell(of_store.get(store)):>24}" for store in stores) + f"{ratio(of_store):>16}")
    parts += ["", "Arrow stream: quotients of rows a second"] + [f"  {what}: {value} (goal {goal}: {said})" for what, value, goal, said in targets(result)]
    return "\n".join(parts)


def bar(row: dict[str, Any] | None, most: float) -> str:
    if row is None:
        return "<td>–</td>"
    figure, _, spread = cell(row).partition(" (")
    figure += f"<br><small>{spread[:-1]}</small>" if spread else ""
    return f"<td class={row['store']}>{figure}<div class=bar style='width:{100 * row['median'] / most:.1f}%'></div></td>"


def page(result: dict[str, Any], workloads: list[Any]) -> str:
    parts = [f"<!doctype html><meta charset=utf-8><title>Quiver: the showcase</title><style>{STYLE}</style><h1>SQL over a live key-value store</h1>",
             f"<p>{html.escape(taken(result))}<p{'' if all(check['passed'] for check in result['checks']) else ' class=bad'}>{html.escape(verdict(result))}"]
    sql = {workload.name: workload.sql("packed") for workload in workloads}
    for name, rows in tables(result).items():
        stores = stores_of(rows)
        parts.append(f"<h2>{html.escape(title(result, name))}</h2><pre>{html.escape(sql[name])}</pre><table><tr><th><th>"
                     + "<th>".join([*stores, "Quiver / best other"]))
        for row, unit, of_store in rows:
            most = max(one["median"] for one in of_store.values())
            parts.append(f"<tr><td>{html.escape(row)} <small>{unit}</small>" + "".join(bar(of_store.get(store), most) for store in stores)
                         + f"<td>{ratio(of_store)}")
        parts.append("</table>")
    parts += ["<h2>The Arrow stream: quotients of rows a second</h2><table>", *("<tr><td>" + "<td>".join(map(html.escape, line)) for line in targets(result)),
              "</table>"]
    parts += ["<p>Above 1 Quiver is ahead, below 1 it is behind: more rows/s, fewer seconds, less space. A bar compares within its row.",
              "<ul>", *(f"<li>{html.escape(engine['name'])}: {html.escape(engine['settings'])}" for engine in result["engines"]), "</ul>"]
    return "\n".join(parts) + "\n"


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    figures, page_path = map(pathlib.Path, sys.argv[1:])
    begin, end = "<!-- figures: begin -->", "<!-- figures: end -->"
    head, rest = page_path.read_text().split(begin)
    tail = rest.split(end)[1]
    page_path.write_text(f"{head}{begin}\n\n{markdown(json.loads(figures.read_text()))}\n\n{end}{tail}")


if __name__ == "__main__":
    main()
