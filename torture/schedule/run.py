#!/usr/bin/env python3
"""Runs what has threads under the schedule fuzzer (src/base/schedule_point.h), a seed after the other.

usage: torture/schedule/run.py [--seconds S] [--seed N] [--dir D] [--plan FLAVOUR:PROGRAM:SEED[:PLAN]]

Needs the preset schedule: scripts/build.sh schedule 2 torture-linearizability torture-bank lifecycle_test
write_control_test. If the preset schedule-tsan is built too, it gets a third of the time.
torture/schedule/README.md explains figures and limits.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = ("torture-linearizability", "torture-bank")
# Each run of a test is one schedule. The filter leaves out what has no threads of its own.
TESTS = {"lifecycle_test": "*Close*:*DurableSequence*:*AForkedChild*", "write_control_test": "*"}
HANG_S = 240.0


def environment(seed: int) -> dict:
    return os.environ | {"QUIVER_SCHEDULE_SEED": str(seed),
                         "TSAN_OPTIONS": "halt_on_error=1 second_deadlock_stack=1 " + os.environ.get("TSAN_OPTIONS", "")}


def run(command: list, seed: int, limit_s: float) -> tuple[int, str]:
    """Exit code and output; a program that hangs has -1."""
    try:
        done = subprocess.run(command, env=environment(seed), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=limit_s, check=False)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as hung:
        output = hung.stdout or b""
        return -1, (output.decode(errors="replace") if isinstance(output, bytes) else output) + "\nhangs"


class Schedules:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.figures: dict[str, float] = {"schedules": 0, "violations": 0}

    def add(self, key: str, value: float) -> None:
        self.figures[key] = self.figures.get(key, 0) + value

    def fail(self, plan: str, what: str) -> None:
        self.add("violations", 1)
        print(f"FAIL schedule seed={self.options.seed} plan={plan}: {what}   "
              f"repeat: torture/schedule/run.py --seconds 60 --plan {plan}", flush=True)

    def program(self, flavour: str, name: str, seed: int, seconds: float, plan: str = "") -> None:
        command = [binary(flavour, name), "--seed", str(seed), "--seconds", f"{seconds:.1f}", "--dir", self.options.dir]
        code, output = run(command + (["--plan", plan] if plan else []), seed, seconds + HANG_S)
        lines = output.strip().splitlines() or [""]
        try:
            figures = json.loads(lines[-1])["figures"]
        except (ValueError, KeyError):
            figures = {}
        for key in ("schedules", "schedule_points", "schedule_change_points", "sums", "register_operations_checked",
                    "atomic_reads_checked", "kills"):
            if key in figures:
                self.add(key, figures[key])
        self.add(f"schedules_{flavour.replace('-', '_')}", figures.get("schedules", 0))
        self.add(f"schedules_of_{name.removeprefix('torture-')}", figures.get("schedules", 0))
        for line in lines:
            if found := re.match(r"FAIL \S+ seed=\d+ plan=(\S*): (.*?)(   repeat: .*)?$", line):
                self.fail(f"{flavour}:{name}:{seed}:{found.group(1)}", found.group(2))
        if code != 0 and not any(line.startswith("FAIL") for line in lines):
            self.fail(f"{flavour}:{name}:{seed}", f"exit code {code}: {excerpt(output)}")

    def test(self, flavour: str, name: str, seed: int) -> None:
        command = [binary(flavour, name), f"--gtest_filter={TESTS[name]}", "--gtest_brief=1"]
        code, output = run(command, seed, HANG_S)
        self.add("schedules", 1)
        self.add(f"schedules_{flavour.replace('-', '_')}", 1)
        self.add(f"schedules_of_{name}", 1)
        if code != 0:
            failed = re.search(r"\[  FAILED  \] (\S+)", output)
            self.fail(f"{flavour}:{name}:{seed}", f"{failed.group(1) if failed else ''} exit code {code}: {excerpt(output)}")

    def repeat(self, plan: str) -> None:
        flavour, name, seed, *rest = plan.split(":", 3)
        end = time.monotonic() + self.options.seconds
        while time.monotonic() < end and self.figures["violations"] == 0:
            if name in TESTS:
                self.test(flavour, name, int(seed))
            else:
                self.program(flavour, name, int(seed), max(1.0, end - time.monotonic()), rest[0] if rest else "")

    def all(self, flavours: list[str]) -> None:
        """A tenth of the time goes to each program and each test in turn, so that a cut run has seen all."""
        start = time.monotonic()
        shares = {flavour: 1.0 if len(flavours) == 1 else (0.35 if flavour.endswith("tsan") else 0.65)
                  for flavour in flavours}
        seed = self.options.seed * 1000
        for flavour in flavours:
            end = time.monotonic() + shares[flavour] * self.options.seconds
            slice_s = max(2.0, shares[flavour] * self.options.seconds / 8)
            while time.monotonic() < end and time.monotonic() - start < self.options.seconds:
                for name in PROGRAMS:
                    seed += 1
                    self.program(flavour, name, seed, min(slice_s, max(1.0, end - time.monotonic())))
                for name in TESTS:
                    test_end = time.monotonic() + slice_s
                    while time.monotonic() < min(test_end, end):
                        seed += 1
                        self.test(flavour, name, seed)


def binary(flavour: str, name: str) -> pathlib.Path:
    return ROOT / "build" / flavour / "bin" / name


def excerpt(output: str) -> str:
    """The lines that say what went wrong."""
    lines = [line.strip() for line in output.splitlines()]
    telling = [line for line in lines if re.search(r"WARNING: ThreadSanitizer|SUMMARY|Failure|check failed|hangs", line)]
    return " | ".join((telling or lines[-6:])[:6])[:600]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/tmp"))
    parser.add_argument("--plan", default="")
    options = parser.parse_args()
    result = {"test": "schedule", "seed": options.seed}
    built = [flavour for flavour in ("schedule", "schedule-tsan")
             if all(binary(flavour, name).exists() for name in (*PROGRAMS, *TESTS))]
    if not built:
        print(json.dumps(result | {"passed": True, "figures": {}, "skipped":
                                   f"the preset schedule is not built: scripts/build.sh schedule 2 {' '.join((*PROGRAMS, *TESTS))}"}))
        return 77
    start = time.monotonic()
    schedules = Schedules(options)
    if options.plan:
        schedules.repeat(options.plan)
    else:
        schedules.all(built)
    figures = {key: int(value) for key, value in schedules.figures.items()}
    result |= {"seconds": round(time.monotonic() - start, 1), "passed": figures["violations"] == 0, "figures": figures}
    print(json.dumps(result))
    return 1 if figures["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
