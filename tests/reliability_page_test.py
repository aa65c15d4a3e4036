#!/usr/bin/env python3
"""scripts/reliability_page.py: bounds, newest results, links, and that no test of the programme is forgotten."""
import json
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import reliability_page  # noqa: E402


def run_of(test, figures, **more):
    return {"test": test, "commit": "0123456789", "date": "2026-01-02", "machine": "2 x some processor", "seed": 7,
            "seconds": 12.5, "passed": True, "figures": figures} | more


class Page(unittest.TestCase):
    def page(self, *records):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "results.jsonl"
            path.write_text("".join(json.dumps(record) + "\n" for record in records))
            return reliability_page.page(reliability_page.newest_results(path))

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
                             reliability_page.page(reliability_page.newest_results(reliability_page.RESULTS)),
                             "run make reliability")


if __name__ == "__main__":
    unittest.main()
