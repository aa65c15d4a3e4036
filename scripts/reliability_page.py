#!/usr/bin/env python3
"""Makes docs/reliability.md from what the torture tests say of themselves and from their newest results.

usage: scripts/reliability_page.py [--check]

Sources: torture/*/README.md (promise, method, figures, command, limits of each test), torture/peers.md (the frame of the
comparison, whose marks {{...}} are filled in) and docs/results/torture.jsonl (one line a run; the newest complete line of
each test counts). A figure of 0 among N trials gets its 95 % upper bound, 3/N (the rule of three). A test
without a result says so. --check changes nothing and fails if the page is not what it would write.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results" / "torture.jsonl"
PAGE = ROOT / "docs" / "reliability.md"
PEERS = ROOT / "torture" / "peers.md"
# Of each test the figure that counts its trials, in words. Tests that are not named here show all figures.
TRIALS = {
    "kill": ("quiver_kills", "SIGKILLs"),
    "bit_rot": ("quiver_damages", "damages"),
    "power_cut": ("quiver_database_cuts", "databases cut and verified"),
    "full_disk": ("quiver_cycles", "full-disk cycles"),
    "binary_faults": ("injections_reached", "injected faults"),
    "crash_explorer": ("images", "crash images"),
    "fault_sweep": ("calls_failed", "failed calls"),
    "linearizability": ("histories", "histories"),
    "bank": ("sums", "sums over all accounts"),
    "schedule": ("schedules", "schedules"),
    "model": ("operations", "model operations"),
}


def newest_results():
    """The last line of each test, skipped runs only if there is no other."""
    newest = {}
    if RESULTS.exists():
        for line in RESULTS.read_text().splitlines():
            record = json.loads(line)
            if "skipped" in record and record["test"] in newest and "skipped" not in newest[record["test"]]:
                continue
            newest[record["test"]] = record
    return newest


def number(value):
    return f"{value:,.0f}" if value == int(value) else f"{value:,.3g}"


def bound(failures, trials):
    """Failures of trials with the 95 % upper bound of the rate where there were none."""
    if not trials:
        return "no trials"
    if failures:
        return f"**{number(failures)}** of {number(trials)} ({100 * failures / trials:.2g} %)"
    return f"0 of {number(trials)} (below {300 / trials:.2g} %)"


def section(readme, name):
    """The paragraph of a README that begins with **name.**"""
    match = re.search(rf"\*\*{name}\.\*\*\s*(.*?)(?=\n\n|\Z)", readme, flags=re.S)
    return " ".join(match.group(1).split()) if match else ""


def tests():
    """(name, README text) of each test, by name."""
    found = []
    for readme in sorted((ROOT / "torture").glob("*/README.md")):
        found.append((readme.parent.name, readme.read_text()))
    return found


def overview(results):
    lines = ["| test | promise | newest result | violations, with the 95 % upper bound of their rate | command |", "|---|---|---|---|---|"]
    for name, readme in tests():
        record = results.get(name)
        promise, command = section(readme, "Promise"), section(readme, "Command")
        if record is None:
            newest, violations = "no long run yet", ""
        elif "skipped" in record:
            newest, violations = f"skipped: {record['skipped']}", ""
        else:
            figures = record["figures"]
            key, words = TRIALS.get(name, ("", ""))
            trials = figures.get(key, 0)
            shown = f"{number(trials)} {words}" if trials else f"{len(figures)} figures"
            newest = f"{shown}, {record['date']}, `{record['commit']}`"
            violations = bound(figures.get("violations", 0), trials) if trials else number(figures.get("violations", 0))
        lines.append(f"| [{name}](../torture/{name}/README.md) | {promise} | {newest} | {violations} | {command.split(' (')[0]} |")
    return lines


def details(results):
    lines = []
    for name, readme in tests():
        lines += ["", f"## {name}", ""]
        for part in ("Promise", "Method", "Limits"):
            text = section(readme, part)
            # Links of a README are relative to its folder.
            text = re.sub(r"\]\(\.\./", "](../torture/", text)
            if text:
                lines += [f"**{part}.** {text}", ""]
        record = results.get(name)
        if record is None:
            lines.append("No long run has been recorded yet.")
            continue
        figures = record["figures"]
        own = {key: value for key, value in figures.items() if not key.startswith(("rocksdb", "leveldb", "lmdb", "sqlite"))}
        lines.append(f"Newest run: {record['date']}, commit `{record['commit']}`, seed {record['seed']}, {number(record['seconds'])} s, "
                     f"{record['machine']}.")
        lines += ["", "| figure | value |", "|---|---|"]
        lines += [f"| {key} | {number(value)} |" for key, value in own.items()]
    return lines


class PeerTable:
    """Fills the marks of torture/peers.md: {{TEST FIGURE+FIGURE}} is a sum, {{TEST FIGURE+…/TRIALS}} a rate with its bound."""

    def __init__(self, results):
        self.results = results

    def fill(self, match):
        test, expression = match.group(1), match.group(2)
        record = self.results.get(test)
        if record is None or "skipped" in record:
            return "not run"
        wanted, _, trials = expression.partition("/")
        value = sum(record["figures"].get(key, 0) for key in wanted.split("+"))
        if not trials:
            return number(value) if any(key in record["figures"] for key in wanted.split("+")) else "0"
        total = sum(record["figures"].get(key, 0) for key in trials.split("+"))
        return bound(value, total)

    def text(self):
        body = re.sub(r"\{\{(\w+) ([\w+/]+)\}\}", self.fill, PEERS.read_text())
        return re.sub(r"^# ", "## ", body, flags=re.M)


def page():
    results = newest_results()
    lines = ["# Reliability", "",
             "Made by `make reliability` from the tests' own pages, [torture/](../torture/), and from their newest results, "
             "`docs/results/torture.jsonl`. Do not edit.", "",
             "What is promised stands in [guarantees.md](guarantees.md). This page says how each promise is tried, and what came of it. A figure of 0 is no proof: "
             "beside it stands the rate that it excludes with 95 % confidence, 3/N for N independent trials.", "",
             "`make torture` runs everything in 15 minutes at most; `make torture-long` runs the full lengths and records the results.", ""]
    lines += overview(results)
    if PEERS.exists():
        lines += ["", PeerTable(results).text().rstrip()]
    lines += details(results)
    return "\n".join(lines).rstrip() + "\n"


def main():
    text = page()
    if sys.argv[1:] == ["--check"]:
        if PAGE.exists() and PAGE.read_text() == text:
            return 0
        print(f"{PAGE.relative_to(ROOT)} is not what its sources say: run make reliability", file=sys.stderr)
        return 1
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    PAGE.write_text(text)
    print(f"{PAGE.relative_to(ROOT)}: {len(tests())} tests, {len(newest_results())} with results")
    return 0


if __name__ == "__main__":
    sys.exit(main())
