#!/usr/bin/env python3
"""Runs the torture programme and appends its results to docs/results/torture.jsonl.

usage: [MINUTES=N] scripts/torture.py short|long [TEST...]

Each test is a program of build/torture/bin (or a script) that takes --seed, --seconds and --dir and
prints its figures as one JSON line. `short` is what CI runs: at most 15 minutes, results go to
build/torture/results.jsonl only. `long` takes at most 170 minutes and appends each result to
docs/results/torture.jsonl as soon as it has it. What stands there for the same sources (of all that
is tested or tests; not of documents) has passed and is not done again unless it is named: called
again after a cut, or on another day, it goes on with the rest. A program that left a part of its
work out (`left_out` in its figures' line, such as a file system that cannot be mounted) counts as
skipped there. With MINUTES it begins no test that
would not end in time. A test whose time is null in torture/plan.json is left out of that run unless
it is named.
"""
import contextlib
import hashlib
import json
import os
import pathlib
import platform
import shlex
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build" / "torture" / "bin"
RESULTS = ROOT / "docs" / "results" / "torture.jsonl"
TESTED = ["CMakeLists.txt", "CMakePresets.json", "cmake", "include", "src", "bindings", "cli", "tests", "torture", "fuzz", "python"]
# name: (command, seconds in the short run, seconds in the long run). Each test is described in
# docs/reliability.md. Programs that do a fixed amount of work stop earlier by themselves.
TESTS = json.loads((ROOT / "torture" / "plan.json").read_text())

# A test that takes so many times its share, and so much more, hangs. Slow machines get there late.
HANG_TIMES, HANG_S = 3.0, 600.0
# Between the signal that asks for its last words and the one that ends it and its children.
LAST_WORDS_S = 10.0


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def commit() -> str:
    """With "-dirty" if a file of the repository differs, but for the results, which each test changes."""
    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/results")
        return git("rev-parse", "--short=10", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def sources() -> str:
    """Equal for equal sources of all that is tested or tests."""
    listed = subprocess.run(["git", "ls-files", "-z", "--", *TESTED], cwd=ROOT, capture_output=True, check=True).stdout
    digest = hashlib.sha256()
    for name in sorted(filter(None, listed.decode().split("\0"))):
        if not name.endswith(".md"):
            digest.update(f"{name}\0".encode() + hashlib.sha256((ROOT / name).read_bytes()).digest())
    return digest.hexdigest()[:16]


def done_before() -> set[str]:
    """The tests that have passed at full length with these sources."""
    if not RESULTS.exists():
        return set()
    records = map(json.loads, RESULTS.read_text().splitlines())
    now = sources()
    return {each["test"] for each in records if each.get("sources") == now and each["passed"] and "skipped" not in each}


def machine() -> str:
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}"


def record(test: str, length: str, result: dict) -> dict:
    """A line of docs/results."""
    return {"test": test, "commit": commit(), "date": time.strftime("%Y-%m-%d"), "machine": machine(),
            "length": length, "sources": sources()} | {key: value for key, value in result.items() if key != "test"}


def kill_group(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def end_hanging(process: subprocess.Popen) -> None:
    """First the watchdog's signal, so that a program says what it was at (torture/harness/death_line.h), then for good."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGALRM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(LAST_WORDS_S)
    kill_group(process)


def ending(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"


def execute(command: list[str], limit_s: float) -> tuple[int, str, bool]:
    """Shows the output as it comes; answers the exit code, the last line, and whether the program hung."""
    last = ""
    hung = threading.Event()

    def end() -> None:
        hung.set()
        end_hanging(process)

    # A group of its own, so that a test that hangs goes with its children.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace", cwd=ROOT,
                          start_new_session=True) as process:
        watchdog = threading.Timer(limit_s, end)
        watchdog.start()
        try:
            for line in process.stdout:
                last = line.strip() or last
                if not line.startswith("{"):
                    print("   " + line.rstrip(), flush=True)
            code = process.wait()
        except BaseException:
            kill_group(process)
            raise
        finally:
            watchdog.cancel()
    return code, last, hung.is_set()


def judge(name: str, seed: int, command: list[str], code: int, last: str, hung: bool) -> dict:
    """The result of a program that has ended. One that ended badly without saying so itself gets a line here."""
    try:
        result = json.loads(last)
        if not isinstance(result, dict) or "figures" not in result or "passed" not in result:
            raise ValueError("no figures")
        # What it found it has said itself, a line each. But it says also that it was well, and was not.
        silent = "its figures say that it passed" if result["passed"] and code not in (0, 77) else ""
    except ValueError:
        silent = "no figures"
        result = {"test": name, "seed": seed, "passed": False, "figures": {"violations": 1}}
    if silent:
        result |= {"passed": False, "error": f"{ending(code)}{' after it hung' if hung else ''}, {silent}"}
        print(f"   FAIL {name} seed={seed}: {result['error']}   repeat: {shlex.join(command)}", flush=True)
    if code not in (0, 77):
        result["passed"] = False
    return result


def run(name: str, entry: dict, length: str, seed: int) -> dict:
    """Runs one test; its output is shown as it comes, its last line is the result."""
    seconds = entry[length] or entry["long"]
    work = ROOT / "build" / "torture" / "work"
    work.mkdir(parents=True, exist_ok=True)
    command = [part.replace("{bin}", str(BIN)).replace("{root}", str(ROOT)) for part in entry["command"]]
    command += ["--seed", str(seed), "--seconds", str(seconds), "--dir", str(work)]
    print(f"== {name} ({seconds} s)", flush=True)
    start = time.monotonic()
    code, last, hung = execute(command, HANG_TIMES * seconds + HANG_S)
    result = judge(name, seed, command, code, last, hung)
    if length == "long" and result["passed"] and "left_out" in result:  # in the short run the rest is enough
        result["skipped"] = "; ".join(["in part", *(f"{part}: {why}" for part, why in result["left_out"].items())])
    result["seconds"] = round(time.monotonic() - start, 1)
    figures = ", ".join(f"{key} {value:,.10g}" for key, value in result.get("figures", {}).items())
    state = f"skipped: {result['skipped']}" if "skipped" in result else "passed" if result["passed"] else "FAILED"
    print(f"   {state} in {result['seconds']} s: {figures}", flush=True)
    return result


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in ("short", "long"):
        print(__doc__, file=sys.stderr)
        return 2
    length = sys.argv[1]
    wanted = sys.argv[2:] or [name for name, entry in TESTS.items() if entry[length] is not None]
    unknown = [name for name in wanted if name not in TESTS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(TESTS)}", file=sys.stderr)
        return 2
    done = done_before() if length == "long" and len(sys.argv) == 2 else set()
    seed = 1 if length == "short" else int(time.time())
    target = ROOT / "build/torture/results.jsonl" if length == "short" else RESULTS
    target.parent.mkdir(parents=True, exist_ok=True)
    passed = failed = skipped = 0
    start = time.monotonic()
    budget_s = 60 * float(os.environ.get("MINUTES", "inf"))
    for name in wanted:
        if name in done:
            print(f"== {name}: has passed before, with these sources")
            continue
        if time.monotonic() - start + (TESTS[name][length] or TESTS[name]["long"]) > budget_s:
            print(f"== {name}: would not end in time")
            continue
        # Of the beginning: what is edited meanwhile is not what was tested.
        tested = {"commit": commit(), "sources": sources()}
        result = run(name, TESTS[name], length, seed) | tested
        with target.open("a") as out:
            out.write(json.dumps(record(name, length, result)) + "\n")
        if not result["passed"]:
            failed += 1
        elif "skipped" in result:
            skipped += 1
        else:
            passed += 1
    minutes = (time.monotonic() - start) / 60
    print(f"torture: {passed} passed, {failed} failed, {skipped} skipped in {minutes:.1f} min")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
