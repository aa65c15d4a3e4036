#!/usr/bin/env python3
"""scripts/torture_reduce.py on a program whose violation is known to need certain steps."""
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / "scripts"
sys.path.insert(0, str(SCRIPTS))
import torture_reduce  # noqa: E402  (its folder is known from here on)

# Violates if steps 4, 17 and 18 are kept; another violation shows if step 30 goes while 31 stays.
PROGRAM = '''#!/usr/bin/env python3
import sys
sys.path.insert(0, {scripts!r})
from torture_reduce import steps_of
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
head, _, kept = options["--plan"].partition("/")
steps = steps_of(kept) if kept else list(range(40))
needed = [step for step in (4, 17, 18) if step in steps]
if 31 in steps and 30 not in steps:
    print("FAIL crash_explorer seed=1 plan=" + options["--plan"] + ": torn: something else altogether")
elif len(needed) == 3 and head in ("7", "7:%d:2" % len(steps)):
    print("FAIL crash_explorer seed=1 plan=7:%d:2%s: unsynced lost: recovered up to %d, expected 9"
          % (len(steps), "/" + kept if kept else "", len(steps)))
print('{{"figures": {{"plan_steps": 40}}}}')
'''


class ReduceTest(unittest.TestCase):
    def run_on(self, plan: str) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "torture-crash_explorer"
            program.write_text(PROGRAM.format(scripts=str(SCRIPTS)))
            program.chmod(0o755)
            return subprocess.run([sys.executable, SCRIPTS / "torture_reduce.py", program, "--plan", plan],
                                  capture_output=True, text=True, check=False)

    def test_finds_the_steps_that_the_violation_needs(self):
        done = self.run_on("7:40:2")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("--plan '7:3:2/4,17-18'", done.stdout.splitlines()[-1])

    def test_says_when_there_is_nothing_to_repeat(self):
        self.assertEqual(self.run_on("8:1:1").returncode, 1)
        self.assertEqual(self.run_on("").returncode, 2)

    def test_takes_a_whole_line(self):
        line = "   FAIL fault_sweep seed=3 plan=0:12:1:1:5:0:1: a loss: x 12   repeat: bin/torture-fault_sweep --seed 3 --plan '0:12'"
        found = torture_reduce.FAIL.match(line)
        self.assertEqual(found.groups(), ("fault_sweep", "3", "0:12:1:1:5:0:1", "a loss: x 12",
                                          "bin/torture-fault_sweep --seed 3 --plan '0:12'"))
        self.assertEqual(torture_reduce.open_fault_plan("0:12:1:1:5:0:1"), "0:*:1:1:5:0:1")
        self.assertEqual(list(torture_reduce.simpler_fault_plans("0:*:9:1:5:0:1")), ["0:*:1:1:5:0:1", "0:*:9:1:5:0:0"])

    def test_ddmin_is_minimal(self):
        generator = random.Random(5)
        for _ in range(200):
            needed = set(generator.sample(range(30), generator.randrange(5)))
            found = torture_reduce.ddmin(list(range(30)), lambda some, needed=needed: needed <= set(some))
            self.assertEqual(set(found), needed)

    def test_lists_of_steps_go_there_and_back(self):
        for steps in ([], [0], [3, 7, 8, 9], [0, 1, 2, 5]):
            self.assertEqual(torture_reduce.steps_of(torture_reduce.steps_text(steps)), steps)
        self.assertEqual(torture_reduce.steps_text([3, 7, 8, 9]), "3,7-9")


if __name__ == "__main__":
    unittest.main()
