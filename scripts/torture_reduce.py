#!/usr/bin/env python3
"""Shrinks the plan of a violation: which steps of the workload does it need?

usage: scripts/torture_reduce.py 'FAIL crash_explorer seed=... plan=...: ...   repeat: PROGRAM --seed ...'
       scripts/torture_reduce.py PROGRAM --seed N --plan P [--seconds S] [--any]

Takes a line that a torture program has printed, or the command in it. The violation is repeated, then steps are left
out while it stays: ddmin of Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002), whose
result is 1-minimal: without any one of its steps the violation is gone. Since the moment of the fault moves when steps
are left out, each trial looks for it anew, at every point of the shorter workload. "The violation" is one whose text is
the same but for numbers, or any at all with --any. --seconds limits a trial (60). The fault sweep has threads that
shift its calls a little: a trial without the violation is made twice, and the shortest plan keeps "*" for the call if
the call alone does not show it again.

Prints each shorter plan and at last the shortest, with its command. For programs whose plans end in "/STEPS":
torture-crash_explorer and torture-fault_sweep. Exit code 1: the violation does not repeat; 2: wrong arguments.
"""
import argparse
import pathlib
import re
import json
import shlex
import subprocess
import sys

FAIL = re.compile(r"^\s*FAIL (\S+) seed=(\d+) plan=(\S*): (.*?)(?:   repeat: (.*))?$")


def open_crash_plan(head: str) -> str:
    """WORKLOAD:POINT:IMAGE: every point and image of the workload."""
    return head.split(":")[0]


def open_fault_plan(head: str) -> str:
    """CONFIG:FIRST:...: every call as the first that fails."""
    config, _, *rest = head.split(":")
    return ":".join([config, "*", *rest])


def simpler_fault_plans(head: str):
    """CONFIG:FIRST:COUNT:EVERY:ERRNO:REACH:CUT with one field in its simplest form: one failure, EIO, whole writes, no cut."""
    fields = head.split(":")
    for index, simplest in ((2, "1"), (3, "1"), (4, "5"), (5, "0"), (6, "0")):
        if fields[index] != simplest:
            yield ":".join([*fields[:index], simplest, *fields[index + 1:]])


# name of the test: (how the place of the fault is left open, simpler forms of the rest, trials of one plan)
KINDS = {"crash_explorer": (open_crash_plan, lambda head: (), 1), "fault_sweep": (open_fault_plan, simpler_fault_plans, 2)}


def steps_text(steps: list[int]) -> str:
    """[3, 7, 8, 9] as "3,7-9"; [] as "none"."""
    ranges: list[list[int]] = []
    for step in steps:
        if ranges and step == ranges[-1][1] + 1:
            ranges[-1][1] = step
        else:
            ranges.append([step, step])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges) or "none"


def steps_of(text: str) -> list[int]:
    if text == "none":
        return []
    ranges = [part.partition("-") for part in text.split(",")]
    return [step for first, _, last in ranges for step in range(int(first), int(last or first) + 1)]


def signature(what: str) -> str:
    """The text of a violation without its numbers and without the kind of crash image."""
    _, found, rest = what.partition(": ")
    return re.sub(r"\d+", "#", rest if found else what)[:80]


def ddmin(items: list, fails) -> list:
    """A 1-minimal sublist for which `fails` still holds; it holds for `items`."""
    parts = 2
    while len(items) >= 2:
        size = -(-len(items) // parts)
        chunks = [items[i:i + size] for i in range(0, len(items), size)]
        complements = [[item for item in items if item not in chunk] for chunk in chunks]
        if (chunk := next((chunk for chunk in chunks if fails(chunk)), None)) is not None:
            items, parts = chunk, 2
        elif (rest := next((rest for rest in complements if fails(rest)), None) if parts > 2 else None) is not None:
            items, parts = rest, parts - 1
        elif size == 1:
            break
        else:
            parts = min(len(items), parts * 2)
    return [] if items and fails([]) else items


class Reducer:
    def __init__(self, command: list[str], seed: str, seconds: float, wanted: str | None) -> None:
        """`wanted` is the signature of the violation, None for any."""
        self.command, self.seed, self.seconds, self.wanted = command, seed, seconds, wanted
        self.runs = 0
        self.plan_steps = 0
        self.known: dict[str, str] = {}

    def run(self, plan: str, trials: int = 1) -> str:
        """The concrete plan of the violation that `plan` shows, or nothing."""
        if plan not in self.known:
            self.known[plan] = next(filter(None, (self.try_once(plan) for _ in range(trials))), "")
        return self.known[plan]

    def try_once(self, plan: str) -> str:
        self.runs += 1
        done = subprocess.run([*self.command, "--seed", self.seed, "--seconds", str(self.seconds), "--plan", plan],
                              stdout=subprocess.PIPE, text=True, errors="replace", check=False)
        lines = done.stdout.strip().splitlines()
        try:
            self.plan_steps = int(json.loads(lines[-1])["figures"]["plan_steps"])
        except (IndexError, KeyError, ValueError):
            pass
        for found in filter(None, map(FAIL.match, lines)):
            if self.wanted == "":
                self.wanted = signature(found.group(4))
            if self.wanted in (None, signature(found.group(4))):
                print(f"  {plan}: {found.group(4)[:160]}", flush=True)
                return found.group(3)
        return ""


def reduce(reducer: Reducer, test: str, plan: str) -> str:
    """The shortest plan that was found, or nothing if `plan` itself shows no violation."""
    opened, simpler, trials = KINDS[test]
    head, _, kept = plan.partition("/")
    repeats = reducer.run(plan, trials)
    head = opened(head)
    steps = steps_of(kept) if kept else list(range(reducer.plan_steps))
    if not reducer.run(f"{head}/{steps_text(steps)}", trials):
        return plan if repeats else ""  # only at its own place, which shorter workloads do not have
    changed = True
    while changed:
        changed = False
        for candidate in simpler(head):
            if reducer.run(f"{candidate}/{steps_text(steps)}", trials):
                head, changed = candidate, True
                break
    steps = ddmin(steps, lambda some: bool(reducer.run(f"{head}/{steps_text(some)}", trials)))
    shortest = f"{head}/{steps_text(steps)}"
    concrete = reducer.run(shortest)
    return concrete if reducer.try_once(concrete) else shortest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", help="a FAIL line, or the program")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--plan", default="")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--any", action="store_true")
    options = parser.parse_args()
    command, plan, seed = [options.what], options.plan, options.seed
    if line := FAIL.match(options.what):
        seed, plan = line.group(2), line.group(3)
        if not line.group(5):
            print("the line does not say how to repeat it: give the program, --seed and --plan", file=sys.stderr)
            return 2
        command = shlex.split(line.group(5))[:1]
    test = line.group(1) if line else pathlib.Path(command[0]).name.removeprefix("torture-")
    if test not in KINDS or not plan:
        print(f"{test}: plans can be shrunk of {', '.join(KINDS)}, and one must be given", file=sys.stderr)
        return 2
    wanted = None if options.any else signature(line.group(4)) if line else ""
    reducer = Reducer(command, seed, options.seconds, wanted)
    shortest = reduce(reducer, test, plan)
    if not shortest:
        print(f"plan {plan} shows no violation: nothing to shrink")
        return 1
    kept = shortest.partition("/")[2]
    print(f"{reducer.plan_steps} steps, {len(steps_of(kept)) if kept else reducer.plan_steps} needed, "
          f"found in {reducer.runs} runs:")
    print(f"{shlex.join(command)} --seed {seed} --plan '{shortest}'")
    return 0


if __name__ == "__main__":
    sys.exit(main())
