#!/usr/bin/env python3
"""scripts/torture.py: a program that ends badly leaves one line with test, seed, ending and the command that repeats it."""
import contextlib
import io
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import torture  # noqa: E402

FIGURES = '{"test": "example", "seed": 7, "seconds": 1, "passed": %s, "figures": {"violations": %d}}'


class Endings(unittest.TestCase):
    def run_script(self, script, seconds=1, length="short"):
        """What torture.py prints and answers for a program that is this shell script."""
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            (root / "program.sh").write_text(script)
            self.program = str(root / "program.sh")
            printed = io.StringIO()
            entry = {"command": ["bash", "{root}/program.sh"], "short": seconds, "long": seconds}
            with mock.patch.object(torture, "ROOT", root), contextlib.redirect_stdout(printed):
                result = torture.run("example", entry, length, 7)
        return printed.getvalue(), result

    def failures(self, printed):
        return [line.strip() for line in printed.splitlines() if line.strip().startswith("FAIL ")]

    def expect_line(self, printed, ending):
        lines = self.failures(printed)
        self.assertEqual(len(lines), 1, printed)
        self.assertTrue(lines[0].startswith(f"FAIL example seed=7: {ending}   repeat: bash {self.program} --seed 7 --seconds 1 --dir "),
                        lines[0])

    def test_one_that_is_well_prints_no_failure(self):
        printed, result = self.run_script(f"echo '{FIGURES % ('true', 0)}'")
        self.assertEqual(self.failures(printed), [])
        self.assertTrue(result["passed"])
        self.assertNotIn("error", result)

    def test_one_that_is_skipped_prints_no_failure(self):
        printed, result = self.run_script('echo \'{"test": "example", "passed": true, "skipped": "no strace", "figures": {}}\'; exit 77')
        self.assertEqual(self.failures(printed), [])
        self.assertEqual(result["skipped"], "no strace")

    def test_one_that_left_a_part_out_counts_in_a_short_run_and_is_skipped_in_a_long_one(self):
        script = 'echo \'{"test": "example", "passed": true, "left_out": {"xfs": "no mkfs.xfs"}, "figures": {}}\''
        printed, result = self.run_script(script)
        self.assertNotIn("skipped", result)
        self.assertEqual(result["left_out"], {"xfs": "no mkfs.xfs"})
        printed, result = self.run_script(script, length="long")
        self.assertEqual(result["skipped"], "in part; xfs: no mkfs.xfs")
        self.assertIn("skipped: in part; xfs: no mkfs.xfs", printed)

    def test_one_that_told_its_violations_gets_no_line_more(self):
        printed, result = self.run_script(f"echo 'FAIL example seed=7 plan=1: x   repeat: y'; echo '{FIGURES % ('false', 1)}'; exit 1")
        self.assertEqual(self.failures(printed), ["FAIL example seed=7 plan=1: x   repeat: y"])
        self.assertFalse(result["passed"])

    def test_one_without_figures_has_its_exit_code_told(self):
        printed, result = self.run_script("echo some words; exit 3")
        self.expect_line(printed, "exit code 3, no figures")
        self.assertFalse(result["passed"])
        self.assertEqual(result["error"], "exit code 3, no figures")
        self.assertEqual(result["figures"], {"violations": 1})

    def test_one_that_ends_well_without_figures_has_failed_too(self):
        for script in ("exit 0", "echo 17", "echo '{}'"):
            printed, result = self.run_script(script)
            self.expect_line(printed, "exit code 0, no figures")
            self.assertFalse(result["passed"])

    def test_one_that_dies_has_its_signal_told(self):
        for name in ("SEGV", "ABRT", "KILL"):
            printed, result = self.run_script(f"ulimit -c 0; kill -{name} $$; sleep 5")
            self.expect_line(printed, f"killed by SIG{name}, no figures")
            self.assertFalse(result["passed"])

    def test_one_that_dies_after_it_said_that_all_was_well_has_failed(self):
        printed, result = self.run_script(f"echo '{FIGURES % ('true', 0)}'; ulimit -c 0; kill -SEGV $$; sleep 5")
        self.expect_line(printed, "killed by SIGSEGV, its figures say that it passed")
        self.assertFalse(result["passed"])

    def test_one_that_hangs_is_asked_for_its_last_words(self):
        with mock.patch.multiple(torture, HANG_TIMES=0.0, HANG_S=0.5, LAST_WORDS_S=5.0):
            printed, _ = self.run_script("trap 'echo FAIL example seed=7 plan=4: died; trap - ALRM; kill -ALRM $$' ALRM\n"
                                         "while true; do sleep 0.05; done")
        self.assertEqual(self.failures(printed)[0], "FAIL example seed=7 plan=4: died")
        self.assertIn("killed by SIGALRM after it hung, no figures", self.failures(printed)[1])

    def test_one_that_has_no_last_words_is_killed_with_its_children(self):
        with mock.patch.multiple(torture, HANG_TIMES=0.0, HANG_S=0.3, LAST_WORDS_S=0.3):
            printed, result = self.run_script("trap '' ALRM; sleep 600 & wait; sleep 600")
        self.expect_line(printed, "killed by SIGKILL after it hung, no figures")
        self.assertFalse(result["passed"])


if __name__ == "__main__":
    unittest.main()
