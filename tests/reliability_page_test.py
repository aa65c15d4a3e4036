#!/usr/bin/env python3
"""scripts/reliability_page.py: bounds, newest results, links, and that no test of the programme is forgotten."""
import json
import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import record_sanitizer  # noqa: E402
import reliability_page  # noqa: E402
import reliability_runs as runs  # noqa: E402


def run_of(test, figures, **more):
    return {"test": test, "commit": "0123456789", "date": "2026-01-02", "machine": "2 x some processor", "seed": 7,
            "seconds": 12.5, "passed": True, "figures": figures} | more


class Records(unittest.TestCase):
    def page(self, *records):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "results.jsonl"
            path.write_text("".join(json.dumps(record) + "\n" for record in records))
            return reliability_page.page(reliability_page.newest_results(path), reliability_page.all_records(path))


class Page(Records):
    def test_zero_failures_get_the_rule_of_three(self):
        self.assertEqual(reliability_page.bound(0, 3000), "0 of 3,000 (below 0.1 %)")
        self.assertEqual(reliability_page.bound(0, 120_000_000), "0 of 120,000,000 (below 0.0000025 %)")
        self.assertEqual(reliability_page.bound(0, 2), "0 of 2 (below 100 %)")
        self.assertEqual(reliability_page.bound(3, 300), "**3** of 300 (1 %)")
        self.assertEqual(reliability_page.bound(0, 0), "no trials")

    def test_a_figure_stands_beside_its_goal_and_falls_short_in_bold(self):
        page = self.page(run_of("kill", {"quiver_kills": 2999, "violations": 0}),
                         run_of("crash_explorer", {"images": 1_500_000, "violations": 0}))
        self.assertIn("| 3,000 | **2,999** | 2026-01-02, `0123456789`, A |", page)
        self.assertIn("| 1,000,000 | 1,500,000 | 2026-01-02, `0123456789`, A |", page)
        self.assertIn("0 of 1,500,000 crash images (below 0.0002 %)", page)
        self.assertIn("Machine A: 2 x some processor.", page)

    def test_sanitizers_have_no_reports_to_hope_for(self):
        page = self.page(run_of("asan", {"tests": 50, "reports": 0, "suppressions": 0}),
                         run_of("tsan", {"tests": 50, "reports": 1, "suppressions": 0}))
        self.assertIn("| 0 | 0 in 50 tests, 0 suppressions |", page)
        self.assertIn("| 0 | **1 in 50 tests, 0 suppressions** |", page)

    def test_violations_show(self):
        self.assertIn("**2** of 400 SIGKILLs (0.5 %)", self.page(run_of("kill", {"quiver_kills": 400, "violations": 2}, passed=False)))

    def test_the_newest_run_counts_and_a_skipped_one_only_alone(self):
        old, new = run_of("kill", {"quiver_kills": 5, "violations": 0}), run_of("kill", {"quiver_kills": 6, "violations": 0})
        skipped = run_of("kill", {"violations": 0}, skipped="no strace")
        self.assertIn("0 of 6 ", self.page(old, new, skipped))
        self.assertIn("skipped: no strace", self.page(skipped))

    def test_what_was_not_run_says_so(self):
        page = self.page()
        self.assertEqual(page.count("not measured yet"), len(reliability_page.GOALS))
        self.assertIn("no long run yet", page)

    def test_every_test_of_the_plan_has_a_page_with_its_parts_and_a_count_of_trials(self):
        pages = dict(reliability_page.tests())
        for name in json.loads((ROOT / "torture" / "plan.json").read_text()):
            self.assertIn(name, pages, "torture/NAME/README.md is missing")
            self.assertIn(name, reliability_page.TRIALS)
            for part in ("Promise", "Method", "Figures", "Commands?", "Limits"):
                self.assertTrue(reliability_page.section(pages[name], part), f"{name}: no {part}")

    def test_links_lead_somewhere_from_docs(self):
        self.assertEqual(reliability_page.from_docs("[a](../peers.md) [b](https://x.org/y) [c](#z)", "torture/kill"),
                         "[a](../torture/peers.md) [b](https://x.org/y) [c](#z)")
        self.assertEqual(reliability_page.from_docs("[a](../../docs/guarantees.md)", "torture/kill"), "[a](guarantees.md)")

    def test_the_committed_page_is_what_its_sources_say(self):
        if reliability_page.PAGE.exists():
            self.assertEqual(reliability_page.PAGE.read_text(),
                             reliability_page.page(reliability_page.newest_results(reliability_page.RESULTS),
                                                   reliability_page.all_records(reliability_page.RESULTS)),
                             "run make reliability")


class Runs(Records):
    """What the page says of the runs themselves."""

    def test_runs_of_other_sources_than_the_newest_run_say_so(self):
        old = run_of("kill", {"quiver_kills": 5, "violations": 0}, sources="aaaa")
        new = run_of("model", {"operations": 6, "violations": 0}, sources="bbbb")
        page = self.page(old, new)
        self.assertEqual(page.count("A, older sources |"), 2)  # kill: as a goal and as a promise
        self.assertIn("0 of 5 SIGKILLs (below 60 %) | 2026-01-02, `0123456789`, A, older sources |", page)
        self.assertNotIn("older sources |", self.page(old, new | {"sources": "aaaa"}))
        self.assertNotIn("older sources |", self.page(new))
        # The order of the runs counts, not the one in which tests came first.
        self.assertIn("(below 50 %) | 2026-01-02, `0123456789`, A, older sources |", self.page(old, new, old))
        self.assertIn("A, sources not recorded |", self.page(run_of("bank", {"sums": 1, "violations": 0}), new))

    def test_failed_runs_are_listed_and_one_without_a_reason_shows(self):
        page = self.page(run_of("kill", {"quiver_kills": 5, "violations": 3}, passed=False), run_of("kill", {"quiver_kills": 6, "violations": 0}))
        self.assertIn("| 2026-01-02 | `0123456789` | kill | 7 | 3 | **no reason is given** |", page)
        self.assertIn("0 of 6 SIGKILLs", page)
        self.assertIn("\nNone.\n", self.page(run_of("kill", {"quiver_kills": 6, "violations": 0})))

    def test_every_failed_run_that_is_recorded_has_a_reason_and_each_reason_a_run(self):
        failed = {(run["test"], run["commit"], run["seed"]) for run in runs.failed(reliability_page.all_records(reliability_page.RESULTS))}
        self.assertEqual(failed, set(runs.reasons()), "docs/results/failed_runs.toml and docs/results/torture.jsonl differ")
        for reason in runs.reasons().values():
            self.assertGreater(len(reason), 20)

    def test_images_of_one_workload_are_bounded_by_workloads_too(self):
        page = self.page(run_of("crash_explorer", {"images": 3_000_000, "workloads": 300, "violations": 0}))
        self.assertIn("0 of 3,000,000 crash images (below 0.0001 %); 0 of 300 workloads (below 1 %) |", page)
        broken = self.page(run_of("crash_explorer", {"images": 3_000_000, "workloads": 300, "violations": 3}, passed=False))
        self.assertIn("**3** of 3,000,000 crash images (0.0001 %) |", broken)

    def test_a_figure_over_its_tests_own_goal_is_bold(self):
        page = self.page(run_of("recovery_time", {"kills": 9, "violations": 0, "reopen_256mib_max_ms": 1220, "reopen_256mib_p50_ms": 695,
                                                  "reopen_after_second_kill_256mib_max_ms": 1200, "reopen_64mib_max_ms": 451}))
        self.assertIn("| reopen_256mib_max_ms | **1,220** (goal 1,200) |", page)
        self.assertIn("| reopen_256mib_p50_ms | 695 |", page)
        self.assertIn("| reopen_after_second_kill_256mib_max_ms | 1,200 |", page)
        self.assertIn("| reopen_64mib_max_ms | **451** (goal 450) |", page)
        self.assertIn("| at most 1,200 | **1,220** |", page)
        self.assertIn("| at most 1,200 | 1,200 |", page)

    def test_each_fuzz_target_has_a_row(self):
        page = self.page(run_of("fuzz", {"executions": 30, "executions_sanitized": 10, "violations": 0, "executions_table": 20, "executions_sanitized_table": 7,
                                         "edges_table": 5, "executions_batch": 10, "edges_batch": 4}))
        self.assertIn("| table | 20 | 7 | 13 | 5 |", page)
        self.assertIn("| batch | 10 | not recorded | not recorded | 4 |", page)
        self.assertIn("| all | 30 | 10 | 20 | |", page)
        self.assertNotIn("| executions_table |", page)

    def test_sanitizers_say_what_they_leave_out(self):
        figures = {"tests": 50, "reports": 0, "suppressions": 0}
        page = self.page(run_of("asan", figures, left_out={"seam_test": "why"}, cases_skipped={"A.B": "memory"}), run_of("tsan", figures))
        self.assertIn("- asan, 50 tests: `seam_test` (why); of the tests run, the cases `A.B` (memory).", page)
        self.assertIn("this run did not record what else", page)


class Sanitizers(unittest.TestCase):
    def test_the_reasons_are_for_the_tests_that_a_sanitized_build_has_not(self):
        guarded = set()
        for path in (ROOT / "tests" / "CMakeLists.txt", ROOT / "bench" / "CMakeLists.txt"):
            for block in re.findall(r"^ *if\([^)]*NOT QUIVER_SANITIZE[^)]*\)(.*?)^ *endif\(\)", path.read_text(), re.M | re.S):
                guarded |= set(re.findall(r"add_test\(NAME (\w+)", block))
        self.assertEqual(set(record_sanitizer.LEFT_OUT), guarded | {"bench_test"})
        self.assertLessEqual(guarded | {"model_test", "command_test", "bench_test"}, record_sanitizer.declared_tests())

    def test_what_was_not_run_is_known_with_or_without_a_reason(self):
        declared = record_sanitizer.declared_tests()
        self.assertEqual(record_sanitizer.left_out(declared), {})
        left = record_sanitizer.left_out(declared - {"seam_test", "command_test"})
        self.assertEqual(left, {"seam_test": record_sanitizer.LEFT_OUT["seam_test"], "command_test": "not built, without a known reason"})

    def test_skipped_cases_are_read_from_the_log(self):
        log = ("[ RUN      ] A.B\nx_test.cc:1: Skipped\nno strace\n[  SKIPPED ] A.B (0 ms)\n"
               "[ RUN      ] P/C.D/one\nx_test.cc:1: Skipped\nmemory\n[  SKIPPED ] P/C.D/one, where GetParam() = 1 (0 ms)\n"
               "x_test.cc:1: Skipped\n[       OK ] E.F (0 ms)\n[  SKIPPED ] 1 test, listed below:\n")
        self.assertEqual(record_sanitizer.cases_skipped(log), {"A.B": "no strace", "P/C.D": "memory"})


if __name__ == "__main__":
    unittest.main()
