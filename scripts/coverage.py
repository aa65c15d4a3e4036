#!/usr/bin/env python3
"""Reports the line and branch coverage of src/ from gcovr's JSON: the least covered files, then one JSON line.

usage: scripts/coverage.py [--record] [--missing FILE-PART] build/coverage/coverage.json

A line counts if g++ made code for it, a branch if the source decides something there. Left out:
  - branches of exceptions. The preset compiles all floors but io and admin without them, so that g++ makes
    none; elsewhere the arc that a call takes when it throws does not count, nor the one beside it.
  - lines with QUIVER_CHECK or QUIVER_DCHECK: the way out aborts, and no test can survive it.
  - lines of closing brackets, where branches can only be those of destructors.
With --record the line is appended to docs/results/torture.jsonl. --missing lists the lines of the files
whose path contains FILE-PART that no test reaches, and those with a branch that none takes.
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

    def __init__(self, path: str, entries: list):
        self.path = path
        text = (ROOT / path).read_text().splitlines()
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


def read(path: pathlib.Path) -> list:
    """The floors include each other's headers through links in the build directory."""
    entries = {}
    for entry in json.loads(path.read_text())["files"]:
        name = str((ROOT / entry["file"]).resolve().relative_to(ROOT))
        entries.setdefault(name, []).append(entry)
    return [File(name, some) for name, some in entries.items()]


def percent(part: int, whole: int) -> float:
    return round(100.0 * part / whole, 2) if whole else 100.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--missing")
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
