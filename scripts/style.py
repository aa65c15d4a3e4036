#!/usr/bin/env python3
"""The style as a test: sizes, banned calls, file heads, links, and the map.

Each finding is one line: file:line: what, and what to do instead. Exit status 1 if there is one.
A file that is allowed to break a limit is listed in EXCEPTIONS with its reason.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_LINES_MAX, TEST_LINES_MAX, LINE_COLUMNS_MAX, FUNCTION_LINES_MAX = 400, 600, 100, 70

# (pattern, where it is allowed, what to do instead)
BANNED = [
    (r'#include "\.\./', (), 'include from the root of the floor: "floor/file.h"'),
    (r"\bstd::(mutex|lock_guard|unique_lock|condition_variable)\b", ("src/base/mutex.h", "_test.cc"), "use base/mutex.h"),
    (r"\bstd::(jthread|thread)\b(?!::id)", ("src/io/thread_pool", "_test.cc", "_test_support.h", "tests/", "torture/", "cli/", "bench/", "examples/"),
     "background work goes through io::Executor"),
    (r"\bstd::chrono::(system|steady|high_resolution)_clock\b",
     ("src/io/", "_test.cc", "tests/", "torture/", "cli/", "bench/", "src/base/mutex.h"), "time comes from io::Clock"),
    (r"\b(std::random_device|std::rand|srand)\b", ("src/io/",), "randomness comes from a seeded base/random.h"),
    (r"\bstd::atomic_thread_fence\b", (), "ThreadSanitizer does not see fences: order the operations themselves"),
    (r"\bstd::atomic<std::shared_ptr", (), "not lock-free and racy under ThreadSanitizer here: see base/epoch.h"),
    (r"\b(sprintf|strcpy|strcat|gets)\s*\(", (), "use std::string or std::snprintf"),
    (r"\bassert\s*\(", ("static_assert",), "use QUIVER_CHECK or QUIVER_DCHECK"),
    (r"\bthrow\b(?!\()", ("tests/", "_test.cc", "cli/", "python/", "failing_allocator.cc", "//"), "return an Error"),
    (r"\b(TODO|FIXME|XXX|HACK)\b", ("scripts/style.py",), "do it, or write an issue"),
    (r"\busing namespace std;", (), "name what you use"),
]
EXCEPTIONS = {}


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *patterns], cwd=ROOT,
                         capture_output=True, text=True, check=True).stdout
    return [path for path in out.splitlines() if (ROOT / path).is_file()]


def strip_strings(line):
    return re.sub(r'"(\\.|[^"\\])*"', '""', line)


def check_banned(path, lines, report):
    for number, line in enumerate(lines, 1):
        code = line.split("//")[0]
        for pattern, allowed, instead in BANNED:
            target = line if "TODO" in pattern else (code if "#include" in pattern else strip_strings(code))
            if any(place in path for place in allowed) or any(word in line for word in allowed if "/" not in word):
                continue
            if re.search(pattern, target):
                report(path, number, f"banned: {pattern}: {instead}")


def check_sizes(path, lines, report):
    is_test = path.endswith("_test.cc") or path.startswith("tests/")
    limit = TEST_LINES_MAX if is_test else FILE_LINES_MAX
    if len(lines) > limit and path not in EXCEPTIONS:
        report(path, len(lines), f"{len(lines)} lines, at most {limit}: split it by concept")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX and "http" not in line:
            report(path, number, f"{len(line)} columns, at most {LINE_COLUMNS_MAX}: run make format")


def check_functions(path, lines, report):
    """A function of ours ends with a lone '}' in column 0 (or two spaces inside a class)."""
    start = None
    for number, line in enumerate(lines, 1):
        if re.match(r"^[A-Za-z_\[].*[({,&*]$|^[A-Za-z_\[].*\)( const)?( noexcept)?( override)? \{$", line) and not re.match(
                r"^(namespace|class|struct|enum|union|template|extern|using|static_assert|constexpr .*=|const .*=)", line):
            if start is None:
                start = number
        if line in ("}", "};") or line.startswith("}  // namespace"):
            if start is not None and line == "}" and number - start + 1 > FUNCTION_LINES_MAX and path not in EXCEPTIONS:
                report(path, start, f"function of {number - start + 1} lines, at most {FUNCTION_LINES_MAX}: split it")
            start = None


def check_head(path, lines, report):
    if path.endswith(".h") and (not lines or not lines[0].startswith("//")):
        report(path, 1, "a header opens with a comment: what it is, invariants, thread safety")
    if path.endswith(".h") and not any(line == "#pragma once" for line in lines):
        report(path, 1, "add #pragma once")


def check_links(path, text, report):
    prose = re.sub(r"```.*?```", lambda match: "\n" * match.group().count("\n"), text, flags=re.S)
    for match in re.finditer(r"\]\(([^)#\s]+)(#[^)]*)?\)", prose):
        target = match.group(1)
        if re.match(r"[a-z]+:", target):
            continue
        if not ((ROOT / path).parent / target).exists():
            report(path, prose[: match.start()].count("\n") + 1, f"dead link: {target}")
    if len(re.findall(r"^# ", prose, flags=re.M)) != 1:
        report(path, 1, "a page has exactly one title line")


def check_map(report):
    text = (ROOT / "ARCHITECTURE.md").read_text() if (ROOT / "ARCHITECTURE.md").exists() else ""
    for folder in sorted(path.name for path in (ROOT / "src").iterdir() if path.is_dir()):
        if f"`src/{folder}/`" not in text:
            report("ARCHITECTURE.md", 1, f"the map does not name `src/{folder}/`")


def check_os_seam(report):
    """In the library only the io floor may open files or make threads."""
    calls = r"\b(::open|::openat|::pwrite|::pread|::fsync|::fdatasync|::rename|::unlink|fopen|std::ofstream|std::ifstream)\b"
    for path in tracked("src/*.cc", "src/*.h"):
        if path.startswith("src/io/") or path.endswith("_test.cc"):
            continue
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            if re.search(calls, line.split("//")[0]):
                report(path, number, "only src/io touches the operating system's files")


def main():
    findings = []

    def report(path, line, what):
        findings.append(f"{path}:{line}: {what}")

    sources = tracked("*.h", "*.cc")
    for path in sources:
        lines = (ROOT / path).read_text().splitlines()
        check_banned(path, lines, report)
        check_sizes(path, lines, report)
        check_functions(path, lines, report)
        check_head(path, lines, report)
    pages = tracked("*.md")
    for path in pages:
        check_links(path, (ROOT / path).read_text(), report)
    check_map(report)
    check_os_seam(report)
    for finding in findings:
        print(finding)
    print(f"style: {len(sources)} sources and {len(pages)} pages, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
