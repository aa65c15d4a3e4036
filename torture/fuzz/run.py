#!/usr/bin/env python3
"""T13: runs every fuzz target for its share of the time and prints the figures as one JSON line.

usage: torture/fuzz/run.py [--seconds S | --each S] [--seed N] [--dir D] [--plan TARGET:FILE] [TARGET...]

The targets are the executables build/fuzz/bin/fuzz-NAME (preset fuzz, clang 19). Two run at a time. New
inputs that reach new code go to build/fuzz/corpus/NAME and are kept there for the next run; the
committed corpora in fuzz/corpus are read only. A finding is kept in build/fuzz/findings, and its
FAIL line says how to see it again. torture/fuzz/README.md explains figures and limits.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "fuzz"
REPLAY = BUILD / "bin" / "fuzz_corpus_test"
FINDINGS = BUILD / "findings"
# What one input may take. libFuzzer ends a run that hangs after TIMEOUT_S of wall time, which leaves room
# for a busy machine; inputs that took over a second are measured again, alone and in processor time.
TIMEOUT_S, SLOW_S, ALLOCATION_MIB, RESIDENT_MIB = 10, 1.0, 256, 1024
ENVIRONMENT = os.environ | {"ASAN_OPTIONS": "quarantine_size_mb=8"}


def targets() -> dict:
    """Names and the most bytes that an input of each has."""
    out = subprocess.run([REPLAY, "--list"], capture_output=True, text=True, check=True).stdout
    return {name: int(size) for name, size in (line.split() for line in out.splitlines())}


def processor_seconds(name: str, path: pathlib.Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([REPLAY, name, path], capture_output=True, env=ENVIRONMENT, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def fuzz(name: str, input_bytes_max: int, seconds: int, seed: int, work: pathlib.Path) -> dict:
    corpus = BUILD / "corpus" / name
    artifacts = work / "artifacts" / name
    for folder in (corpus, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    command = [BUILD / "bin" / f"fuzz-{name}", f"-max_total_time={seconds}", f"-seed={seed}",
               f"-max_len={input_bytes_max}", f"-timeout={TIMEOUT_S}", "-report_slow_units=1",
               f"-malloc_limit_mb={ALLOCATION_MIB}", f"-rss_limit_mb={RESIDENT_MIB}",
               f"-artifact_prefix={artifacts}/", "-print_final_stats=1", "-print_funcs=0",
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
    for path in sorted(artifacts.iterdir()):
        if path.name.startswith("slow-unit") and processor_seconds(name, path) <= SLOW_S:
            continue
        FINDINGS.mkdir(parents=True, exist_ok=True)
        kept = FINDINGS / f"{name}-{path.name}"
        shutil.copy(path, kept)
        findings.append(kept)
    if done.returncode != 0 and not findings:
        findings.append(None)
    summary = re.search(r"^(SUMMARY: .*|.*(?:ERROR|DEADLYSIGNAL).*|.*check failed.*)$", log, re.M | re.I)
    return {"name": name, "executions": executions, "coverage": max(coverage, default=0),
            "resident_mib": stat("peak_rss_mb"), "findings": findings,
            "what": summary.group(1) if summary else f"exit code {done.returncode}: {log[-300:]!r}"}


def repeat(plan: str) -> int:
    name, _, path = plan.partition(":")
    done = subprocess.run([REPLAY, name, path], env=ENVIRONMENT, check=False)
    seconds = processor_seconds(name, pathlib.Path(path))
    print(f"exit code {done.returncode}, {seconds:.2f} s")
    return 1 if done.returncode != 0 or seconds > SLOW_S else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, help="time for all targets together")
    parser.add_argument("--each", type=float, help="time for each target")
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
    each = options.each or (options.seconds or 30.0) * jobs / len(names)
    start = time.monotonic()
    work = options.dir / f"fuzz-{os.getpid()}"
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = list(pool.map(lambda name: fuzz(name, sizes[name], max(1, int(each)), options.seed, work), names))
    figures = {"targets": len(runs), "executions": sum(run["executions"] for run in runs),
               "executions_min": min(run["executions"] for run in runs),
               "resident_mib_max": max(run["resident_mib"] for run in runs)}
    violations = 0
    for run in runs:
        figures[f"executions_{run['name']}"] = run["executions"]
        figures[f"edges_{run['name']}"] = run["coverage"]
        print(f"{run['name']}: {run['executions']} executions, {run['coverage']} edges, "
              f"{run['resident_mib']} MiB, {len(run['findings'])} findings")
        for path in run["findings"]:
            violations += 1
            plan = f"{run['name']}:{path.relative_to(ROOT) if path else '-'}"
            print(f"FAIL fuzz seed={options.seed} plan={plan}: {run['what']}   "
                  f"repeat: torture/fuzz/run.py --plan {plan}")
    shutil.rmtree(work, ignore_errors=True)
    figures |= {"crashes": violations, "violations": violations}
    result |= {"seconds": round(time.monotonic() - start, 1), "passed": violations == 0, "figures": figures}
    print(json.dumps(result))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
