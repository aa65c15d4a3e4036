#!/usr/bin/env python3
"""scripts/coverage.py: which lines make or pass on an error, and when they count as reached."""
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import coverage  # noqa: E402

SOURCE = """Error Corrupt(std::string what) {
  return Error(ErrorCode::kCorruption, what);
}
Result<void> Read() {
  QUIVER_TRY(Open());
  QUIVER_ASSIGN_OR_RETURN(auto size, Size());
  if (size == 0) return Corrupt("empty");
  if (size == 1) {
    return Corrupt("short");
  }
  if (!found) return found.error();
  return std::move(found).error();
  return Errors(size);  // a count, not an Error
  return {};
  auto error = Corrupt("kept");
}""".splitlines()


def line(number, count, *branches):
    return {"line_number": number, "count": count,
            "branches": [{"count": taken, "throw": False, "fallthrough": False} for taken in branches]}


class ErrorBranches(unittest.TestCase):
    def setUp(self):
        self.errors = coverage.ErrorBranches(["\n".join(SOURCE)])

    def kinds(self):
        return {number: kind for number, source in enumerate(SOURCE, 1) if (kind := self.errors.kind(source))}

    def test_what_makes_or_passes_on_an_error(self):
        self.assertEqual(self.kinds(), {2: "plain", 5: "decides", 6: "decides", 7: "decides", 9: "plain", 11: "decides", 12: "plain"})

    def test_comments_and_macros_are_none(self):
        for source in ("// return Error(x)", "#define QUIVER_TRY(expression) return Error(x)", "int Error(int);"):
            self.assertIsNone(self.errors.kind(source), source)

    def file(self, *lines):
        return coverage.File("src/x.cc", [{"lines": list(lines)}], SOURCE, self.errors)

    def test_a_line_that_decides_nothing_counts_when_it_ran(self):
        file = self.file(line(2, 1), line(9, 0), line(12, 3), line(14, 0))
        self.assertEqual((file.error_lines, file.error_lines_hit, file.errors, file.errors_hit), (3, 2, 3, 2))
        self.assertEqual(file.errors_missed, [(9, 'return Corrupt("short");')])

    def test_one_that_decides_counts_when_all_its_branches_were_taken(self):
        file = self.file(line(5, 9, 9, 0), line(6, 9, 8, 1), line(7, 9, 1, 8), line(11, 9))
        self.assertEqual((file.error_lines, file.errors, file.errors_hit), (0, 4, 2))
        self.assertEqual([number for number, _ in file.errors_missed], [5, 11])

    def test_the_functions_of_the_sources_that_give_an_error_are_known(self):
        texts = [path.read_text() for path in (ROOT / "src").rglob("*.cc")]
        errors = coverage.ErrorBranches(texts)
        for source in ("return PosixError(errno, x);", "return Damaged(x);", "return DamagedEdit(x);", "return WriteStall::WouldWait(x);"):
            self.assertEqual(errors.kind(source), "plain", source)
        self.assertIsNone(errors.kind("return Value(x);"))
        self.assertEqual(errors.kind('return Error(ErrorCode::kCorruption, "is it a table?");'), "plain")


if __name__ == "__main__":
    unittest.main()
