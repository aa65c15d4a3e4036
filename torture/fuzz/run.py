#!/usr/bin/env python3
"""T13: runs the fuzz targets and prints the figures as one JSON line.

usage: torture/fuzz/run.py [--seconds S | --each S] [--goal N] [--seed N] [--dir D] [--plan TARGET:FILE] [TARGET...]

The targets are the executables build/fuzz/bin/fuzz-NAME (preset fuzz, clang 19, with sanitizers) and, if it is
built, build/fuzz_fast/bin/fuzz-NAME (preset fuzz_fast, without, several times as fast). Two run at a time, in
slices: the next slice goes to the target with the fewest executions below the goal, so that all come to equally
many; a target that is much slower than the others gets at most TIME_SHARE_MAX of the time. The builds take turns
on one corpus, and every input that the fast one has kept is run under the sanitizers. New inputs that reach new
code go to build/fuzz/corpus/NAME and are kept there for the next run; the committed corpora in fuzz/corpus are
read only. A finding is kept in build/fuzz/findings, and its FAIL line says how to see it again.
torture/fuzz/README.md explains figures and limits.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "fuzz"
FAST = ROOT / "build" / "fuzz_fast" / "bin"
REPLAY = BUILD / "bin" / "fuzz_corpus_test"
FINDINGS = BUILD / "findings"
# What one input may take. libFuzzer ends a run that hangs after TIMEOUT_S of wall time, which leaves room
# for a busy machine; inputs that took over a second are measured again, alone and in processor time.
TIMEOUT_S, SLOW_S, HANG_S, ALLOCATION_MIB, RESIDENT_MIB = 10, 1.0, 120.0, 256, 1024
# Stacks of allocations are for the replay of a finding: gathering them costs a tenth of the time.
ENVIRONMENT = os.environ | {"ASAN_OPTIONS": "quarantine_size_mb=8:malloc_context_size=1"}
SLICES_PER_TARGET, SLICE_S_MIN, SLICE_S_MAX = 4, 4, 60
TIME_SHARE_MAX, SLICES_SHARE = 0.2, 0.9
FAST_SLICES = 3  # of the fast build after each one under the sanitizers


@dataclasses.dataclass
class Target:
    name: str
    input_bytes_max: int
    executions: int = 0
    sanitized: int = 0
    edges: int = 0
    resident_mib: int = 0
    seconds: float = 0.0
    slices: int = 0
    running: bool = False
    unchecked: bool = False  # the fast build may have kept inputs that the sanitizers have not seen
    findings: list = dataclasses.field(default_factory=list)

    def add(self, run: dict, seconds: float) -> None:
        self.executions += run["executions"]
        self.sanitized += 0 if run["fast"] else run["executions"]
        self.edges = max(self.edges, run["edges"])
        self.resident_mib = max(self.resident_mib, run["resident_mib"])
        self.seconds += seconds
        self.slices += 1
        self.unchecked = run["fast"]
        self.findings += [(path, run["what"]) for path in run["findings"]]


def targets() -> dict:
    """Names and the most bytes that an input of each has."""
    out = subprocess.run([REPLAY, "--list"], capture_output=True, text=True, check=True).stdout
    return {name: int(size) for name, size in (line.split() for line in out.splitlines())}


def processor_seconds(name: str, path: pathlib.Path) -> float:
    """Of one run alone; HANG_S if it does not end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        subprocess.run([REPLAY, name, path], capture_output=True, env=ENVIRONMENT, check=False, timeout=HANG_S)
    except subprocess.TimeoutExpired:
        return HANG_S
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def fuzz(name: str, input_bytes_max: int, limits: list, seed: int, work: pathlib.Path, fast: bool) -> dict:
    corpus = BUILD / "corpus" / name
    artifacts = work / f"artifacts-{name}-{seed}"
    for folder in (corpus, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    command = [(FAST if fast else BUILD / "bin") / f"fuzz-{name}", *limits, f"-seed={seed}",
               f"-max_len={input_bytes_max}", f"-timeout={TIMEOUT_S}", "-report_slow_units=1",
               f"-malloc_limit_mb={ALLOCATION_MIB}", f"-rss_limit_mb={RESIDENT_MIB}",
               f"-artifact_prefix={artifacts}/", "-print_final_stats=1", "-print_funcs=0", "-entropic=0",
               corpus, ROOT / "fuzz" / "corpus" / name]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=ENVIRONMENT, check=False)
    log = done.stderr

    def stat(key: str) -> int:
        found = re.search(rf"stat::{key}:\s+(\d+)", log)
        return int(found.group(1)) if found else 0

    executions = stat("number_of_executed_units")
    if executions == 0:  # no final statistics after a crash
        executions = max((int(count) for count in re.findall(r"^#(\d+)", log, re.M)), default=0)
    coverage = [int(edges) for edges in re.findall(r"cov: (\d+)", log)]
    findings = []
    disturbed = False  # libFuzzer ended the slice because the machine stood still
    for path in sorted(artifacts.iterdir()):
        if path.name.startswith(("slow-unit", "timeout")) and processor_seconds(name, path) <= SLOW_S:
            disturbed |= path.name.startswith("timeout")
            continue
        FINDINGS.mkdir(parents=True, exist_ok=True)
        kept = FINDINGS / f"{name}-{path.name}"
        shutil.copy(path, kept)
        findings.append(kept)
    if done.returncode != 0 and not findings and not disturbed:
        findings.append(None)
    summary = re.search(r"^(SUMMARY: .*|.*(?:ERROR|DEADLYSIGNAL).*|.*check failed.*)$", log, re.M | re.I)
    return {"executions": executions, "fast": fast, "edges": max(coverage, default=0), "resident_mib": stat("peak_rss_mb"),
            "findings": findings, "what": summary.group(1) if summary else f"exit code {done.returncode}: {log[-300:]!r}"}


def repeat(plan: str) -> int:
    name, _, path = plan.partition(":")
    done = subprocess.run([REPLAY, name, path], env=ENVIRONMENT, check=False)
    seconds = processor_seconds(name, pathlib.Path(path))
    print(f"exit code {done.returncode}, {seconds:.2f} s")
    return 1 if done.returncode != 0 or seconds > SLOW_S else 0


class Scheduler:
    """Gives slices of time to targets; each worker thread runs one at a time."""

    def __init__(self, targets_: list, options: argparse.Namespace, jobs: int, work: pathlib.Path):
        self.targets, self.options, self.work, self.jobs = targets_, options, work, jobs
        self.lock = threading.Lock()
        self.start = time.monotonic()
        # The rest is for what the fast build has kept at the end.
        self.total_s = SLICES_SHARE * (options.seconds or options.each * len(targets_) / jobs)
        slice_s = self.total_s * jobs / len(targets_) / SLICES_PER_TARGET
        self.slice_s = int(min(SLICE_S_MAX, max(SLICE_S_MIN, slice_s)))
        self.slices = 0

    def left_s(self) -> float:
        return self.total_s - (time.monotonic() - self.start)

    def take(self) -> Target | None:
        with self.lock:
            if self.left_s() < 1:
                return None
            ready = [target for target in self.targets if not target.running
                     and target.executions < self.options.goal and not target.findings]
            share_s = self.total_s * self.jobs * max(TIME_SHARE_MAX, 1.0 / len(self.targets))
            within = [target for target in ready if target.seconds < share_s]
            target = min(within or ready, key=lambda ready: (ready.executions, ready.seconds), default=None)
            if target is not None:
                target.running = True
                self.slices += 1
            return target

    def work_off(self) -> None:
        while True:
            target = self.take()
            if target is None:
                return
            seconds = max(1, int(min(self.slice_s, self.left_s())))
            limits = [f"-max_total_time={seconds}", f"-runs={self.options.goal - target.executions}"]
            fast = target.slices % (FAST_SLICES + 1) != 0 and (FAST / f"fuzz-{target.name}").exists()
            self.run(target, limits, fast)

    def run(self, target: Target, limits: list, fast: bool) -> None:
        begin = time.monotonic()
        seed = self.options.seed * 1000 + target.slices
        result = fuzz(target.name, target.input_bytes_max, limits, seed, self.work, fast)
        with self.lock:
            target.add(result, time.monotonic() - begin)
            target.running = False

    def run_all(self) -> None:
        workers = [threading.Thread(target=self.work_off) for _ in range(self.jobs)]
        self.join(workers)
        unchecked = [target for target in self.targets if target.unchecked]
        # Longest first; -runs=0 runs the corpora alone.
        unchecked.sort(key=lambda target: target.seconds / max(1, target.executions))

        def check() -> None:
            while True:
                with self.lock:
                    if not unchecked:
                        return
                    target = unchecked.pop()
                self.run(target, ["-runs=0"], fast=False)

        self.join([threading.Thread(target=check) for _ in range(self.jobs)])

    @staticmethod
    def join(workers: list) -> None:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, help="time for all targets together")
    parser.add_argument("--each", type=float, default=30.0, help="time for each target")
    parser.add_argument("--goal", type=int, default=10_000_000, help="executions of each target at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=pathlib.Path, default=BUILD / "work")
    parser.add_argument("--plan", default="")
    parser.add_argument("targets", nargs="*")
    options = parser.parse_args()
    result = {"test": "fuzz", "seed": options.seed}
    if not REPLAY.exists():
        result |= {"passed": True, "figures": {}, "skipped":
                   "the preset fuzz is not built; that needs clang-19 and libclang-rt-19-dev (scripts/fuzz.sh)"}
        print(json.dumps(result))
        return 77
    if options.plan:
        return repeat(options.plan)
    sizes = targets()
    names = options.targets or list(sizes)
    if unknown := [name for name in names if name not in sizes]:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(sizes)}", file=sys.stderr)
        return 2
    jobs = min(2, os.cpu_count() or 1)
    start = time.monotonic()
    work = options.dir / f"fuzz-{os.getpid()}"
    runs = [Target(name, sizes[name]) for name in names]
    Scheduler(runs, options, jobs, work).run_all()
    figures = {"targets": len(runs), "executions": sum(run.executions for run in runs),
               "executions_sanitized": sum(run.sanitized for run in runs),
               "executions_min": min(run.executions for run in runs),
               "targets_at_goal": sum(run.executions >= options.goal for run in runs),
               "resident_mib_max": max(run.resident_mib for run in runs)}
    violations = 0
    for run in runs:
        figures[f"executions_{run.name}"] = run.executions
        figures[f"executions_sanitized_{run.name}"] = run.sanitized
        figures[f"edges_{run.name}"] = run.edges
        print(f"{run.name}: {run.executions} executions ({run.sanitized} under sanitizers) in {run.seconds:.0f} s, "
              f"{run.edges} edges, {run.resident_mib} MiB, {len(run.findings)} findings")
        for path, what in run.findings:
            violations += 1
            plan = f"{run.name}:{path.relative_to(ROOT) if path else '-'}"
            print(f"FAIL fuzz seed={options.seed} plan={plan}: {what}   "
                  f"repeat: torture/fuzz/run.py --plan {plan}")
    shutil.rmtree(work, ignore_errors=True)
    figures |= {"crashes": violations, "violations": violations}
    result |= {"seconds": round(time.monotonic() - start, 1), "passed": violations == 0, "figures": figures}
    print(json.dumps(result))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
