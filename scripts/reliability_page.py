#!/usr/bin/env python3
"""Makes docs/reliability.md from what the torture tests say of themselves and from their newest results.

usage: scripts/reliability_page.py [--check | --preview FILE]

Sources: torture/*/README.md (promise, method, figures, command, limits of each test), torture/peers.md (the frame of the
comparison, whose marks {{...}} are filled in), docs/regressions.md, torture/canaries/canaries.toml, and docs/results/torture.jsonl
(one line a run; the newest of each test counts, a skipped one only if there is no other) and docs/results/failed_runs.toml
(why a run failed). A figure of 0 among N trials gets its
95 % upper bound, 3/N (the rule of three). A test without a result says so. --check changes nothing and fails if the page is
not what it would write; --preview prints the page that the results in FILE would give, such as those of a short run in
build/torture/results.jsonl.
"""
import json
import pathlib
import re
import subprocess
import sys
import tomllib

import reliability_runs as runs
import torture

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results" / "torture.jsonl"
PAGE = ROOT / "docs" / "reliability.md"
TORTURE = ROOT / "torture"
PEER_NAMES = ("rocksdb", "leveldb", "lmdb", "sqlite")
# Of each test the figure that counts its trials, in words, and, where the trials are all there are, the one that counts
# those that went well.
TRIALS = {
    "alloc_sweep": ("allocations_failed", "failed allocations", ""),
    "bank": ("sums", "sums over all accounts", ""),
    "binary_faults": ("injections_reached", "injected faults", ""),
    "bit_rot": ("quiver_damages", "damages", ""),
    "canaries": ("canaries", "deliberate mistakes noticed", "caught"),
    "crash_explorer": ("images", "crash images", ""),
    "fault_sweep": ("calls_failed", "failed calls", ""),
    "full_disk": ("quiver_cycles", "full-disk cycles", ""),
    "fuzz": ("executions", "inputs", ""),
    "kill": ("quiver_kills", "SIGKILLs", ""),
    "linearizability": ("histories", "histories", ""),
    "model": ("operations", "operations", ""),
    "power_cut": ("quiver_database_cuts", "databases cut and verified", ""),
    "recovery_time": ("kills", "timed recoveries", ""),
    "schedule": ("schedules", "schedules", ""),
    "slow_disk": ("scenarios", "scenarios", ""),
}


class AtMost(float):
    """A goal that a figure must not pass."""


# What was set out to be shown: words, test, figure, and the least it must be, the most (AtMost), the figure that it must equal, or
# None for "none".
GOALS = [
    ("crash images checked", "crash_explorer", "images", 1_000_000),
    ("options excluded from the crash matrix", "crash_explorer", "options_excluded", None),
    ("call sites made to fail, of those reached", "fault_sweep", "call_sites_failed", "call_sites"),
    ("single bits flipped, of all in the closed database", "bit_rot", "quiver_bits_flipped", "quiver_bits_possible"),
    ("SIGKILLs over the three log modes", "kill", "quiver_kills", 3_000),
    ("databases whose power was cut, on four file-system modes", "power_cut", "quiver_database_cuts", 5_000),
    ("model operations over all option sets", "model", "operations", 100_000_000),
    ("deliberate mistakes noticed by the tests, of those listed", "canaries", "caught", "canaries"),
    ("inputs of the fuzz target that has the fewest", "fuzz", "executions_min", 10_000_000),
    ("slowest open after a kill under load, 256 MiB of log, ms", "recovery_time", "reopen_256mib_max_ms", AtMost(runs.recovery_goal_ms(256))),
    ("the same after a second kill during the open, ms", "recovery_time", "reopen_after_second_kill_256mib_max_ms", AtMost(runs.recovery_goal_ms(256))),
    ("reports of AddressSanitizer and UndefinedBehaviorSanitizer in all tests", "asan", "reports", None),
    ("reports of ThreadSanitizer in all tests", "tsan", "reports", None),
    ("lines of `src/` that the tests reach, in percent", "coverage", "lines_percent", 95),
    ("branches of `src/` that the tests take, in percent", "coverage", "branches_percent", 85),
    ("lines of `src/` that return an error and nothing else, reached by the tests", "coverage", "error_lines_reached", "error_lines"),
    ("places of `src/` that make or pass on an error, reached by the tests (at least)", "coverage", "error_branches_reached", "error_branches"),
]


def newest_results(path):
    """The last line of each test, skipped runs only if there is no other; in the order of the runs."""
    newest = {}
    for record in all_records(path):
        if "skipped" in record and record["test"] in newest and "skipped" not in newest[record["test"]]:
            continue
        newest.pop(record["test"], None)
        newest[record["test"]] = record
    return newest


def all_records(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def number(value):
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def percent(share):
    """A rate in percent, without an exponent."""
    if share >= 10:
        return f"{share:.0f} %"
    if share >= 0.01:
        return f"{share:.2g} %"
    digits = 1
    while round(share, digits) == 0:
        digits += 1
    return f"{share:.{digits + 1}f}".rstrip("0") + " %"


def bound(failures, trials, words=""):
    """Failures of trials, which are `words`, with the 95 % upper bound of the rate where there were none."""
    counted = f"{number(trials)} {words}".rstrip()
    if not trials:
        return "no trials"
    if failures:
        return f"**{number(failures)}** of {counted} ({percent(100 * failures / trials)})"
    return f"0 of {counted} (below {percent(min(100.0, 300 / trials))})"


def section(readme, name):
    """The paragraph of a README that begins with **name.**"""
    match = re.search(rf"\*\*{name}\.\*\*\s*(.*?)(?=\n\n|\Z)", readme, flags=re.S)
    return " ".join(match.group(1).split()) if match else ""


def first_sentence(text):
    return re.split(r"(?<=[.:])\s", text, maxsplit=1)[0].rstrip(".:")


def from_docs(text, folder):
    """Links of a page in torture/ (or a folder of it) are relative to that; here they are relative to docs/."""
    def link(match):
        target = match.group(1)
        if target.startswith(("http", "#")):
            return match.group(0)
        path = (ROOT / folder / target).resolve().relative_to(ROOT)
        return f"]({path.relative_to('docs') if path.is_relative_to('docs') else f'../{path}'})"
    return re.sub(r"\]\(([^)\s]+)\)", link, text)


def tests():
    """(name, README text) of each test, by name."""
    return [(readme.parent.name, from_docs(readme.read_text(), f"torture/{readme.parent.name}"))
            for readme in sorted(TORTURE.glob("*/README.md"))]


class Runs:
    """How the tables name a run: date, commit, a letter for the machine, whose name is long, and the age of the sources."""

    def __init__(self, results):
        self.names = []
        self.sources = runs.reference_sources(results)

    def letter(self, name):
        if name not in self.names:
            self.names.append(name)
        return chr(ord("A") + self.names.index(name))

    def legend(self):
        return [f"Machine {self.letter(name)}: {name}." for name in self.names]

    def of(self, record):
        return f"{record['date']}, `{record['commit']}`, {self.letter(record['machine'])}{runs.age(record, self.sources)}"


def outcome(name, record):
    """What a test found, in a table's cell."""
    if record is None:
        return "no long run yet"
    if "skipped" in record:
        return f"skipped: {record['skipped']}"
    figures = record["figures"]
    if name == "coverage":
        return f"{figures['lines_percent']} % of {number(figures['lines'])} lines, " \
               f"{figures['branches_percent']} % of {number(figures['branches'])} branches"
    key, words, whole = TRIALS.get(name, ("", "", ""))
    trials, failures = figures.get(key, 0), figures.get("violations", 0)
    if not trials:
        return f"{number(failures)} violations"
    if whole:  # all there are, so that there is no rate to bound
        return f"{number(figures.get(whole, 0))} of {number(trials)} {words}"
    text = bound(failures, trials, words)
    group, group_words = runs.GROUPS.get(name, ("", ""))
    # With violations nobody counted the groups that they were in.
    return text if failures or not figures.get(group) else f"{text}; {bound(0, figures[group], group_words)}"


def goal_text(least):
    if isinstance(least, str):
        return "all"
    return f"at most {number(least)}" if isinstance(least, AtMost) else number(least or 0)


def goals(results, shown_runs):
    lines = ["| what | goal | measured | run (date, commit, machine) |", "|---|--:|--:|---|"]
    for words, test, key, least in GOALS:
        record = results.get(test)
        goal = goal_text(least)
        if record is None or "skipped" in record or ((least is None or test == "coverage") and key not in record["figures"]):
            lines.append(f"| {words} | {goal} | not measured yet | |")
            continue
        figures = record["figures"]
        value, wanted = figures.get(key, 0), figures.get(least, 0) if isinstance(least, str) else least
        shown = f"{number(value)} of {number(wanted)}" if isinstance(least, str) else number(value) if isinstance(least, AtMost) else f"{value:,.10g}"
        if least is None and "tests" in figures:
            shown += f" in {number(figures['tests'])} tests, {number(figures['suppressions'])} suppressions"
        reached = value == 0 if least is None else value <= wanted if isinstance(least, AtMost) else value >= wanted
        lines.append(f"| {words} | {goal} | {shown if reached else f'**{shown}**'} | {shown_runs.of(record)} |")
    return lines


def overview(results, shown_runs):
    lines = ["| promise | test | violations among trials (95 % bound) | run (date, commit, machine) | command |", "|---|---|---|---|---|"]
    for name, readme in tests():
        record = results.get(name)
        command = "make coverage RECORD=1" if name == "coverage" else f"scripts/torture.py long {name}"
        where = shown_runs.of(record) if record and "skipped" not in record else ""
        lines.append(f"| {first_sentence(section(readme, 'Promise'))} | [{name}](#{name}) | {outcome(name, record)} | {where} | `{command}` |")
    return lines


def details(results):
    lines = ["## Each test"]
    for name, readme in tests():
        lines += ["", f"### {name}", ""]
        for part in ("Promise", "Method", "Figures", "Command", "Limits"):
            text = section(readme, part if part != "Command" else "Commands?")
            if text:
                lines += [f"**{part}.** {text}", ""]
        lines[-1:] = ["", f"Its page: [torture/{name}](../torture/{name}/README.md).", ""]
        record = results.get(name)
        if record is None:
            lines.append("No long run has been recorded yet.")
            continue
        lines.append(f"Newest run: {record['date']}, commit `{record['commit']}`, seed {record['seed']}, {number(record['seconds'])} s, "
                     f"{record['machine']}." + (f" Skipped: {record['skipped']}." if "skipped" in record else ""))
        if "left_out" in record and isinstance(record["left_out"], dict) and "skipped" not in record:
            lines[-1] += " Left out: " + "; ".join(f"{part} ({why})" for part, why in record["left_out"].items()) + "."
        figures = record["figures"]
        in_table = runs.fuzz_keys(figures) if name == "fuzz" else set()
        own = {key: value for key, value in figures.items() if not key.startswith(PEER_NAMES) and key not in in_table}
        if own:
            lines += ["", "| figure | value |", "|---|--:|"]
            lines += [f"| {key} | {figure_text(name, key, value)} |" for key, value in own.items()]
        if in_table:
            lines += runs.fuzz_table(figures)
    return lines


def figure_text(test, key, value):
    """A figure over its own test's goal is bold, with the goal."""
    goal = runs.own_goal(test, key)
    return number(value) if goal is None or value <= goal else f"**{number(value)}** (goal {number(goal)})"


def mistakes():
    """The canaries: what was done wrong on purpose, and which test notices."""
    lines = ["## Mistakes of others, and our own, made on purpose", "",
             "Known bugs of other engines (named by their number there) and every skipped sync, check and lock that we could think of, each woven into a copy of the sources and "
             "woken alone ([canaries](#canaries)). The test named is the first that has to fail.", "",
             "| mistake | noticed by |", "|---|---|"]
    for canary in tomllib.loads((TORTURE / "canaries" / "canaries.toml").read_text())["canary"]:
        program, _, pattern = canary["caught"][0].partition(" ")
        pattern = pattern.strip("*.") if not pattern.isdigit() else ""
        lines.append(f"| {canary['bug'].removeprefix('Fixed: ')} | `{program}`{' ' + pattern.replace('*', ' ').replace(':', ', ') if pattern else ''} |")
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
            if any(key in record["figures"] for key in wanted.split("+")):
                return number(value)
            return "not measured" if wanted.endswith("_ms") or wanted.endswith("_ms_max") else "0"  # a count that is missing is 0
        total = sum(record["figures"].get(key, 0) for key in trials.split("+"))
        return bound(value, total)

    def text(self):
        body = re.sub(r"\{\{(\w+) ([\w+/]+)\}\}", self.fill, (TORTURE / "peers.md").read_text())
        return re.sub(r"^# ", "## ", from_docs(body, "torture"), flags=re.M).rstrip()


def own_bugs():
    """The bugs of Quiver from the page that also has those of other engines."""
    section = (ROOT / "docs" / "regressions.md").read_text().split("\n## Of Quiver\n", 1)[1]
    return "## Bugs found in Quiver, all mended\n" + section.split("\n## ", 1)[0].rstrip()


def page(results, records=()):
    """`results` are the newest of each test, `records` all, of which the failed are listed."""
    shown_runs = Runs(results)
    shown = goals(results, shown_runs), overview(results, shown_runs)
    lines = ["# Reliability", "",
             "Made by `make reliability` from the tests' own pages, [torture/](../torture/), and from their newest results, "
             "`docs/results/torture.jsonl`. Do not edit.", "",
             "What is promised stands in [guarantees.md](guarantees.md). This page says how each promise is tried, and what came of it. A figure of 0 is no proof: "
             "beside it stands the rate that it excludes with 95 % confidence, 3/N for N trials (the rule of three), for failures among trials as the test draws them. "
             "Trials that share a database are not wholly independent, so take it as an order of magnitude.", "",
             "`make torture` runs everything in short, in 15 minutes at most, in every CI run; `make torture-long` runs the full lengths and records the results shown here. "
             "What falls short of its goal is printed in bold. Runs of *older sources* are not of those of the newest run: something of what is tested or tests "
             "(not of documents) has changed between the two. A commit that ends in `-dirty` had changes that were not committed.", "", "## What was to be shown", ""]
    lines += shown[0] + runs.sanitizer_notes(results) + ["", "## Each promise, how often it was tried, and what broke it", ""] + shown[1] + [""]
    lines += shown_runs.legend() + ["", PeerTable(results).text(), ""]
    lines += runs.failed_table(records, runs.reasons()) + ["", own_bugs(), ""] + mistakes() + [""] + details(results)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--preview":
        preview = pathlib.Path(sys.argv[2])
        print(page(newest_results(preview), all_records(preview)), end="")
        return 0
    if sys.argv[1:] not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    results = newest_results(RESULTS)
    text = page(results, all_records(RESULTS))
    if sys.argv[1:]:
        if PAGE.exists() and PAGE.read_text() == text:
            return 0
        print(f"{PAGE.relative_to(ROOT)} is not what its sources say: run make reliability", file=sys.stderr)
        return 1
    PAGE.write_text(text)
    print(f"{PAGE.relative_to(ROOT)}: {len(tests())} tests, {len(results)} with results{of_these_sources(results)}")
    return 0


def of_these_sources(results):
    """How many newest runs are of the sources as they are now. Not on the page, which each change would make stale."""
    try:
        now = torture.sources()
    except (OSError, subprocess.CalledProcessError):
        return ""  # not a checkout
    return f", of which {sum(record.get('sources') == now for record in results.values())} of the sources as they are now"


if __name__ == "__main__":
    sys.exit(main())
