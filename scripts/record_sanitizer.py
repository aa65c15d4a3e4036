#!/usr/bin/env python3
"""Appends what `make asan` or `make tsan` found to docs/results/torture.jsonl: tests run, reports, suppressions.

usage: scripts/record_sanitizer.py asan|tsan

Reads the log of the ctest run that has just ended in build/PRESET. Suppressions are functions and files that the sources,
or a list, take out of the sanitizer's sight. The record says which tests of `make test` were not run and why, and which
cases skipped themselves.
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
SUPPRESSION = re.compile("no_" r"sanitize\b|supp" r"ressions=|__l" r"san_(?:disable|ignore)|detect_" r"leaks=0|Annotate" r"Ignore")
# The tests that a sanitized build does not have, and why: what stands behind NOT QUIVER_SANITIZE in the lists of tests.
UNLOADABLE = "a sanitized library does not load into an interpreter that is not sanitized"
LEFT_OUT = {
    "seam_test": "reads which symbols the objects import, and sanitizers import more",
    "arrow_stream_interop_test": UNLOADABLE,
    "python_test": UNLOADABLE,
    "showcase_test": UNLOADABLE,
    "package_test": "installs the library as it is shipped, which is not sanitized",
    "bench_smoke_test": "the peers' libraries are not instrumented",
    "bench_test": "of the benchmarks, which the sanitized presets do not build",
}
DECLARED = re.compile(r"^\s*(?:quiver_test|quiver_layer_test|add_test)\(\s*(?:NAME\s+)?([a-z_]\w*)", re.M)
CASE = re.compile(r": Skipped\n((?!\[).*)\n(?:(?!\[).*\n)*\[  SKIPPED \] (\S+?)(?:, where.*)? \(\d+ ms\)")


def declared_tests() -> set[str]:
    """The names in all lists of tests; those of the floors are made by a function and not among them."""
    lists = subprocess.run(["git", "ls-files", "*CMakeLists.txt"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return {name for each in lists for name in DECLARED.findall((ROOT / each).read_text())}


def left_out(run: set[str]) -> dict[str, str]:
    """Of the tests that there are, those not run, with the reason."""
    return {name: LEFT_OUT.get(name, "not built, without a known reason") for name in sorted(declared_tests() - run)}


def cases_skipped(log: str) -> dict[str, str]:
    """The cases that skipped themselves, with their reasons; those that differ in a parameter are one."""
    return {name.rsplit("/", 1)[0] if name.count("/") > 1 else name: why for why, name in CASE.findall(log)}


def suppressions() -> int:
    files = subprocess.run(["git", "ls-files", "src", "include", "cli", "bindings", "tests", "torture", "fuzz", "python", "scripts", "bench",
                            "examples", "cmake", "CMakeLists.txt", "CMakePresets.json", "Makefile", ":!fuzz/corpus"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return sum(len(SUPPRESSION.findall((ROOT / name).read_text(errors="replace"))) for name in files if (ROOT / name).is_file())


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in ("asan", "tsan"):
        print(__doc__, file=sys.stderr)
        return 2
    log = (ROOT / "build" / sys.argv[1] / "Testing" / "Temporary" / "LastTest.log").read_text(errors="replace")
    tests = re.findall(r"^Test (?:Passed|Failed)\.$", log, re.M)
    names = set(re.findall(r"^\d+/\d+ Testing: (\S+)$", log, re.M))
    seconds = sum(float(each) for each in re.findall(r"^Test time = +([\d.]+) sec$", log, re.M))
    figures = {"tests": len(tests), "tests_failed": tests.count("Test Failed."), "reports": len(REPORT.findall(log)),
               "suppressions": suppressions()}
    figures["violations"] = figures["tests_failed"] + figures["reports"] + figures["suppressions"]
    record = torture.record(sys.argv[1], "tests", {"seed": 0, "seconds": round(seconds, 1), "passed": figures["violations"] == 0,
                                                   "left_out": left_out(names), "cases_skipped": cases_skipped(log), "figures": figures})
    line = json.dumps(record)
    print(line)
    target = ROOT / "docs" / "results" / "torture.jsonl"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("a") as out:
        out.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
