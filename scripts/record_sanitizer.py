#!/usr/bin/env python3
"""Appends what `make asan` or `make tsan` found to docs/results/torture.jsonl: tests run, reports, suppressions.

usage: scripts/record_sanitizer.py asan|tsan

Reads the log of the ctest run that has just ended in build/PRESET. Suppressions are functions and files that the sources,
or a list, take out of the sanitizer's sight.
"""
import json
import pathlib
import re
import subprocess
import sys

import torture

ROOT = pathlib.Path(__file__).resolve().parent.parent
REPORT = re.compile(r"(?:ERROR|WARNING): (?:Address|Leak|Thread)Sanitizer|: runtime error: ")
# Split, so that this line is none itself.
SUPPRESSION = re.compile("no_" r"sanitize|supp" r"ressions=")


def suppressions() -> int:
    files = subprocess.run(["git", "ls-files", "src", "include", "cli", "bindings", "tests", "cmake", "CMakeLists.txt", "CMakePresets.json",
                            "Makefile"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return sum(len(SUPPRESSION.findall((ROOT / name).read_text(errors="replace"))) for name in files if (ROOT / name).is_file())


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in ("asan", "tsan"):
        print(__doc__, file=sys.stderr)
        return 2
    log = (ROOT / "build" / sys.argv[1] / "Testing" / "Temporary" / "LastTest.log").read_text(errors="replace")
    tests = re.findall(r"^Test (?:Passed|Failed)\.$", log, re.M)
    seconds = sum(float(each) for each in re.findall(r"^Test time = +([\d.]+) sec$", log, re.M))
    figures = {"tests": len(tests), "tests_failed": tests.count("Test Failed."), "reports": len(REPORT.findall(log)),
               "suppressions": suppressions()}
    figures["violations"] = figures["tests_failed"] + figures["reports"] + figures["suppressions"]
    record = torture.record(sys.argv[1], "tests", {"seed": 0, "seconds": round(seconds, 1), "passed": figures["violations"] == 0,
                                                   "figures": figures})
    line = json.dumps(record)
    print(line)
    target = ROOT / "docs" / "results" / "torture.jsonl"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("a") as out:
        out.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
