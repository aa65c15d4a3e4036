#!/usr/bin/env python3
"""T21: wakes each canary and runs the tests that should notice; prints the figures as one JSON line.

usage: torture/canaries/run.py [--seconds S] [--seed N] [--dir D] [--plan NAME] [NAME...]

Weaves the list into build/canaries/src, builds the test programs it names once, runs them without a
canary (all must pass), then each canary's tests, cheapest first, until one fails. A canary that none notices is
a violation: a hole in the suite. torture/canaries/README.md explains figures and limits.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import weave

ROOT = weave.ROOT
BASE = ROOT / "build" / "canaries"
SOURCE, BUILD = BASE / "src", BASE / "build"
# The long tests on a part of their work: a mistake that needs all of it is noticed by chance only.
SHORTER = {"QUIVER_MODEL_OPERATIONS": "30000", "QUIVER_BIT_FLIPS": "300", "QUIVER_KILLS": "15", "QUIVER_POWER_CUTS": "90"}
# A test hangs when it takes so long, and so many times what it took without a canary: other work on the
# machine may slow its syncs down.
HANG_S, HANG_TIMES = 60.0, 4.0


def build(programs: list[str]) -> str:
    """Empty if all went well, else the end of the output."""
    weave.weave(weave.load(), SOURCE)
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    # Quick to compile, and without debug assertions: what users run has none either.
    configure = ["cmake", "-S", SOURCE, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                 "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG", "-DQUIVER_BUILD_CLI=OFF",
                 # The schedule fuzzer sleeps until a torture program starts it.
                 "-DQUIVER_BUILD_TORTURE=ON", "-DQUIVER_SCHEDULE_FUZZ=ON", *launcher]
    for command in (configure, ["cmake", "--build", BUILD, "--target", *programs]):
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode != 0:
            return (done.stdout + done.stderr)[-4000:]
    return ""


def run_test(spec: str, canary: str, limit_s: float) -> tuple[bool, float, str]:
    """Whether the test passed, its seconds, and how it failed."""
    if spec.startswith("torture-"):
        return run_torture(spec, canary)
    program, _, pattern = spec.partition(" ")
    environment = os.environ | SHORTER | ({"QUIVER_CANARY": canary} if canary else {})
    command = [BUILD / "bin" / program, f"--gtest_filter={pattern or '*'}", "--gtest_brief=1"]
    start = time.monotonic()
    # A group of its own, so that the children of a test that hangs go with it.
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", start_new_session=True, cwd=BUILD) as process:
        try:
            output, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return False, time.monotonic() - start, "hangs"
    seconds = time.monotonic() - start
    if process.returncode == 0:
        ran = re.search(r"(\d+) tests? from", output) or re.search(r"(\d+) tests?\.", output)
        if canary == "" and (ran is None or ran.group(1) == "0"):
            return False, seconds, "the filter matches no test"
        return True, seconds, ""
    failed = re.search(r"\[  FAILED  \] (\S+)", output)
    how = failed.group(1) if failed else f"exit code {process.returncode}"
    return False, seconds, how if canary else f"{how}: {output[-600:]}"


def run_torture(spec: str, canary: str) -> tuple[bool, float, str]:
    """The same for "torture-PROGRAM SECONDS", under the schedule fuzzer. Its time is a limit: it is called again with
    other seeds until it fails, asleep once only."""
    program, _, seconds = spec.partition(" ")
    start = time.monotonic()
    seed = 0
    work = BUILD / f"work-{program}-{canary or 'asleep'}"
    work.mkdir(parents=True, exist_ok=True)
    try:
        while True:
            seed += 1
            # A run ends with the first violation of its own accord only at the end of its time: short runs, then.
            command = [BUILD / "bin" / program, "--seed", str(seed), "--seconds", "3", "--dir", work]
            try:
                done = subprocess.run(command, env=os.environ | ({"QUIVER_CANARY": canary} if canary else {}), text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", check=False,
                                      timeout=HANG_S * HANG_TIMES)
            except subprocess.TimeoutExpired:
                return False, time.monotonic() - start, "hangs"
            took = time.monotonic() - start
            if done.returncode != 0:
                said = re.search(r"FAIL [^:]*: (.{0,120})", done.stdout)
                return False, took, said.group(1) if said else f"exit code {done.returncode}"
            if not canary or took > float(seconds):
                return True, took, ""
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1500.0, help="time for everything, the build left out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=pathlib.Path)
    parser.add_argument("--plan", default="")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    result = {"test": "canaries", "seed": options.seed}
    canaries = weave.load()
    if faults := weave.check(canaries):
        print("\n".join(faults))
        return 2
    wanted = options.names or ([options.plan] if options.plan else [])
    if unknown := set(wanted) - {canary["name"] for canary in canaries}:
        print(f"unknown: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    if wanted:
        canaries = [canary for canary in canaries if canary["name"] in wanted]
    specs = sorted({spec for canary in canaries for spec in canary["caught"]})
    if problem := build(sorted({spec.split(" ")[0] for spec in specs})):
        print(problem)
        return 2

    start = time.monotonic()
    violations = 0
    lock = threading.Lock()
    asleep_seconds: dict[str, float] = {}
    caught_seconds: list[float] = []
    counts = {"caught": 0, "missed": 0, "not_run": 0}

    def fail(plan: str, what: str) -> None:
        nonlocal violations
        violations += 1
        print(f"FAIL canaries seed={options.seed} plan={plan}: {what}   "
              f"repeat: torture/canaries/run.py --plan {plan}", flush=True)

    def wake(canary: dict) -> None:
        if time.monotonic() - start > options.seconds:
            with lock:
                counts["not_run"] += 1
                fail(canary["name"], "no time was left for it")
            return
        seconds = 0.0
        for spec in canary["caught"]:
            passed, took, how = run_test(spec, canary["name"], max(HANG_S, HANG_TIMES * asleep_seconds[spec]))
            seconds += took
            if not passed:
                with lock:
                    counts["caught"] += 1
                    caught_seconds.append(seconds)
                    print(f"{canary['name']}: caught in {seconds:.1f} s by {spec} ({how})", flush=True)
                return
        with lock:
            counts["missed"] += 1
            fail(canary["name"], f"no test notices it: {canary['bug']} (tried {', '.join(canary['caught'])})")

    with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        for spec, (passed, took, how) in zip(
                specs, pool.map(lambda spec: run_test(spec, "", HANG_TIMES * HANG_S), specs)):
            asleep_seconds[spec] = took
            if not passed:
                fail("-", f"without a canary {spec} fails: {how}")
        list(pool.map(wake, canaries))
    figures = {"canaries": len(canaries)} | counts | {
        "seconds_to_catch_median": round(sorted(caught_seconds)[len(caught_seconds) // 2], 2) if caught_seconds else 0,
        "seconds_to_catch_max": round(max(caught_seconds, default=0), 2), "violations": violations}
    result |= {"seconds": round(time.monotonic() - start, 1), "passed": violations == 0, "figures": figures}
    print(json.dumps(result))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
