"""What docs/reliability.md says of the runs themselves: of which sources they are, which failed and why, what the sanitizers
leave out, and the figures of each fuzz target. A part of scripts/reliability_page.py."""
import pathlib
import re
import tomllib

import record_sanitizer

ROOT = pathlib.Path(__file__).resolve().parent.parent
REASONS = ROOT / "docs" / "results" / "failed_runs.toml"
# A second count of trials for tests whose trials come in groups that share one history.
GROUPS = {"crash_explorer": ("workloads", "workloads")}
# What a test itself calls its goal, where missing it is no violation.
RECOVERY_MS = re.compile(r"reopen_(?:after_second_kill_)?(\d+)mib_\w+_ms")


def recovery_goal_ms(log_mib):
    """torture/recovery_time/README.md: 200 ms and 1 s for 256 MiB of log."""
    return 200 + 1000 * log_mib / 256


def own_goal(test, figure):
    """The most that a figure should be by its own test's goal, or None."""
    match = RECOVERY_MS.fullmatch(figure) if test == "recovery_time" else None
    return recovery_goal_ms(int(match.group(1))) if match else None


def reference_sources(results):
    """The sources of the newest recorded run that names them; `results` are in the order of the runs."""
    return next((record["sources"] for record in reversed(list(results.values())) if "sources" in record), None)


def age(record, reference):
    """What stands behind a run whose sources are not those of the newest run."""
    if reference is None or record.get("sources") == reference:
        return ""
    return ", older sources" if "sources" in record else ", sources not recorded"


def reasons():
    """(test, commit, seed) -> why it failed."""
    return {(run["test"], run["commit"], run["seed"]): " ".join(run["reason"].split()) for run in tomllib.loads(REASONS.read_text())["run"]}


def failed(records):
    return [record for record in records if not record["passed"]]


def failed_table(records, known):
    lines = ["## Runs that failed", "", "All recorded runs that did not pass, and why: `docs/results/failed_runs.toml`. A newer run of the same test stands in the tables above.", ""]
    rows = failed(records)
    if not rows:
        return [*lines, "None."]
    lines += ["| date | commit | test | seed | violations | reason |", "|---|---|---|--:|--:|---|"]
    for record in rows:
        reason = known.get((record["test"], record["commit"], record["seed"]), "**no reason is given**")
        lines.append(f"| {record['date']} | `{record['commit']}` | {record['test']} | {record['seed']} | {record['figures'].get('violations', 0):,.0f} | {reason} |")
    return lines


def left_out(record):
    """What one sanitizer's run left out, in words."""
    names = record.get("left_out")
    groups = {}
    for name, why in (record_sanitizer.LEFT_OUT if names is None else names).items():
        groups.setdefault(why, []).append(name)
    text = "; ".join(f"{', '.join(f'`{name}`' for name in sorted(some))} ({why})" for why, some in groups.items())
    if names is None:
        text += "; this run did not record what else"
    elif cases := record.get("cases_skipped", {}):
        text += "; of the tests run, the cases " + ", ".join(f"`{name}` ({why})" for name, why in cases.items())
    return text


def sanitizer_notes(results):
    """What the rows of the sanitizers do not cover."""
    rows = [(name, results[name]) for name in ("asan", "tsan") if name in results]
    if not rows:
        return []
    lines = ["", "\"All tests\" of a sanitizer's row are those of `make test` but for these, and the long ones do a part of their work (`SHORTER` in the Makefile); the "
             "torture programs are not among them ([schedule](#schedule) runs two under ThreadSanitizer, [fuzz](#fuzz) has AddressSanitizer and UndefinedBehaviorSanitizer):", ""]
    return lines + [f"- {name}, {record['figures']['tests']:.0f} tests: {left_out(record)}." for name, record in rows]


def fuzz_targets(figures):
    return [key.removeprefix("edges_") for key in figures if key.startswith("edges_")]


def fuzz_keys(figures):
    """The figures that the table of targets shows."""
    return {f"{stem}_{name}" for name in fuzz_targets(figures) for stem in ("executions", "executions_sanitized", "edges")}


def fuzz_table(figures):
    lines = ["", "| target | inputs | of them under the sanitizers | with assertions alone | edges of code reached |", "|---|--:|--:|--:|--:|"]
    for name in fuzz_targets(figures):
        every, sanitized = figures[f"executions_{name}"], figures.get(f"executions_sanitized_{name}")
        split = "not recorded | not recorded" if sanitized is None else f"{sanitized:,.0f} | {every - sanitized:,.0f}"
        lines.append(f"| {name} | {every:,.0f} | {split} | {figures[f'edges_{name}']:,.0f} |")
    if "executions_sanitized" in figures:
        every, sanitized = figures["executions"], figures["executions_sanitized"]
        lines.append(f"| all | {every:,.0f} | {sanitized:,.0f} | {every - sanitized:,.0f} | |")
    return lines
