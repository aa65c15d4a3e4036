#!/usr/bin/env python3
"""Reports the line and branch coverage of src/ from gcovr's JSON: the least covered files, then one JSON line.

usage: scripts/coverage.py [--record] [--missing FILE-PART] build/coverage/coverage.json

A line counts if g++ made code for it, a branch if the source decides something there. Left out:
  - branches of exceptions. The preset compiles all floors but io and admin without them, so that g++ makes
    none; elsewhere the arc that a call takes when it throws does not count, nor the one beside it.
  - lines with QUIVER_CHECK or QUIVER_DCHECK: the way out aborts, and no test can survive it.
  - lines of closing brackets, where branches can only be those of destructors.
An error branch is a place that makes an error or passes one on: a `return` of an Error, of a function that gives one or of
another result's error(), and each QUIVER_TRY and QUIVER_ASSIGN_OR_RETURN. gcov does not say which arc of a line is which:
where the line decides something itself (the macros; `if (…) return Error(…)`), it counts as reached only if all its
branches were taken, those of destructors and conditions in it too: the figure is rather too low than too high. Error
lines are the error branches that decide nothing: who runs one has an error, and these are counted exactly.
With --record the line is appended to docs/results/torture.jsonl. --missing lists the lines of the files
whose path contains FILE-PART that no test reaches, and those with a branch that none takes; --missing-errors the error
branches alone.
"""
import argparse
import json
import pathlib
import re
import sys

import torture

ROOT = pathlib.Path(__file__).resolve().parent.parent
BRACKETS = re.compile(r"^[\])}>;,\s]*$")
CHECK = re.compile(r"\bQUIVER_D?CHECK\b")
LINES_GOAL, BRANCHES_GOAL = 95.0, 85.0
# Functions that give an Error, by their declarations; constructors and the like are not among them.
GIVES_ERROR = re.compile(r"^(?:\[\[nodiscard\]\] |inline |static |friend |constexpr )*(?:std::unexpected<)?(?:quiver::)?Error>? (?:\w+::)*(\w+)\(", re.M)
PASSES_ON = re.compile(r"\bQUIVER_(TRY|ASSIGN_OR_RETURN)\(")
PASSES_BY_HAND = re.compile(r"\breturn (?:std::move\()?[\w.>()*-]+\.error\(\)|\breturn std::unexpected\b|\breturn (?:::quiver::)?Error[({]")
DECIDES = re.compile(r"^(?:\} else )?(?:if|for|while)\b|\?")


class ErrorBranches:
    """Which lines of the sources make or pass on an error."""

    def __init__(self, texts: list[str]):
        names = sorted({name for text in texts for name in GIVES_ERROR.findall(text)})
        self.made = re.compile(r"\breturn (?:[\w.]+(?:::|->|\.))?(?:" + "|".join(names or ["Error"]) + r")\(")

    def kind(self, source: str) -> str | None:
        """"decides" if the line itself decides about the error, "plain" if whoever runs it has one, None if it is no error branch."""
        code = source.split("//")[0].strip()
        if code.startswith("#"):
            return None
        if PASSES_ON.search(code):
            return "decides"
        if PASSES_BY_HAND.search(code) or self.made.search(code):
            return "decides" if DECIDES.search(re.sub(r'"(\\.|[^"\\])*"', '""', code)) else "plain"
        return None


def decisions(branches: list) -> list:
    """The branches without those of exceptions: each throwing arc and the falling-through arc before it."""
    kept = []
    for branch in branches:
        if branch["throw"]:
            if kept and kept[-1]["fallthrough"]:
                kept.pop()
        else:
            kept.append(branch)
    # What is left alone of a line with one arc decides nothing.
    return kept if len(kept) > 1 else []


class File:
    """One source, or a header under all the names by which the floors include it."""

    def __init__(self, path: str, entries: list, text: list[str], errors: ErrorBranches):
        self.path = path
        self.errors = self.errors_hit = self.error_lines = self.error_lines_hit = 0
        self.errors_missed = []
        self.lines = self.lines_hit = self.branches = self.branches_hit = 0
        self.lines_missed, self.branches_missed = [], []
        merged = {}
        for line in (line for entry in entries for line in entry["lines"] if not line.get("gcovr/noncode")):
            counts = [branch["count"] for branch in decisions(line["branches"])]
            before, branches = merged.get(line["line_number"], (0, []))
            if len(branches) == len(counts):
                counts = [a + b for a, b in zip(branches, counts)]
            merged[line["line_number"]] = before + line["count"], max(branches, counts, key=lambda some: (len(some), some))
        for number, (count, branches) in sorted(merged.items()):
            source = text[number - 1].strip() if number <= len(text) else ""
            if CHECK.search(source):
                continue
            if BRACKETS.match(source):
                branches = []
            taken = sum(branch > 0 for branch in branches)
            self.lines += 1
            self.lines_hit += count > 0
            self.branches += len(branches)
            self.branches_hit += taken
            if count == 0:
                self.lines_missed.append((number, source))
            elif taken < len(branches):
                self.branches_missed.append((number, f"{taken} of {len(branches)}", source))
            if kind := errors.kind(source):
                reached = count > 0 and (kind == "plain" or (taken == len(branches) and taken > 0))
                self.errors += 1
                self.errors_hit += reached
                self.error_lines += kind == "plain"
                self.error_lines_hit += kind == "plain" and reached
                if not reached:
                    self.errors_missed.append((number, source))


def read(path: pathlib.Path, sources: pathlib.Path = ROOT) -> list:
    """The floors include each other's headers through links in the build directory. `sources`: where the texts are."""
    entries = {}
    for entry in json.loads(path.read_text())["files"]:
        name = str((ROOT / entry["file"]).resolve().relative_to(ROOT))
        entries.setdefault(name, []).append(entry)
    texts = {name: (sources / name).read_text() for name in entries}
    errors = ErrorBranches([text.read_text() for pattern in ("src/**/*.h", "src/**/*.cc", "include/**/*.h") for text in sources.glob(pattern)])
    return [File(name, some, texts[name].splitlines(), errors) for name, some in entries.items()]


def percent(part: int, whole: int) -> float:
    return round(100.0 * part / whole, 2) if whole else 100.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--missing")
    parser.add_argument("--missing-errors", metavar="FILE-PART")
    parser.add_argument("--seconds", type=float, default=0, help="what the tests took")
    parser.add_argument("json", type=pathlib.Path)
    options = parser.parse_args()
    files = read(options.json)
    if options.missing:
        for file in files:
            if options.missing not in file.path:
                continue
            for number, source in file.lines_missed:
                print(f"{file.path}:{number}: not reached: {source}")
            for number, taken, source in file.branches_missed:
                print(f"{file.path}:{number}: {taken} branches: {source}")
        return 0
    if options.missing_errors is not None:
        for file in files:
            for number, source in file.errors_missed if options.missing_errors in file.path else ():
                print(f"{file.path}:{number}: {source}")
        return 0
    files.sort(key=lambda file: file.branches_hit - file.branches)
    print("branches missed  lines missed  file")
    for file in files:
        missed = file.branches - file.branches_hit, file.lines - file.lines_hit
        if missed != (0, 0):
            print(f"{missed[0]:6} of {file.branches:5} {missed[1]:5} of {file.lines:5}  {file.path}")
    lines, lines_hit = sum(f.lines for f in files), sum(f.lines_hit for f in files)
    branches, branches_hit = sum(f.branches for f in files), sum(f.branches_hit for f in files)
    figures = {"files": len(files), "lines": lines, "lines_reached": lines_hit,
               "lines_percent": percent(lines_hit, lines), "branches": branches, "branches_taken": branches_hit,
               "branches_percent": percent(branches_hit, branches),
               "error_lines": sum(f.error_lines for f in files), "error_lines_reached": sum(f.error_lines_hit for f in files),
               "error_branches": sum(f.errors for f in files), "error_branches_reached": sum(f.errors_hit for f in files),
               "files_reached_wholly": sum(f.lines == f.lines_hit and f.branches == f.branches_hit for f in files)}
    passed = figures["lines_percent"] >= LINES_GOAL and figures["branches_percent"] >= BRANCHES_GOAL
    record = torture.record("coverage", "tests", {"seed": 0, "seconds": options.seconds, "passed": passed, "figures": figures})
    line = json.dumps(record)
    print(line)
    if options.record:
        target = ROOT / "docs" / "results" / "torture.jsonl"
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a") as out:
            out.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
