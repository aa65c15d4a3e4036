#!/usr/bin/env python3
"""Prints a C++ program of all C++ blocks of the pages below docs/, which are parts of programs.

Usage: docs_program.py DOCS_DIRECTORY WORK_DIRECTORY

Each block runs in a function of its own, in the order of PAGES, on a database of its page; paths of the pages become paths
below WORK_DIRECTORY. The program fails where a check of a page does, and names the page. A page that gains its first C++
block fails this program until it stands in PAGES.
"""
import pathlib
import re
import sys

# What each page takes for granted before its first block, and what must hold after its last.
PAGES = {
    "keyspaces.md": ("", 'Need((*db->Get("bob", {.keyspace = &*users}))->view() == "1912");'),
    "entry_kinds.md": (
        'const std::string token = "t";',
        'Need(quiver::DecodeInt64((*db->Get("home", {.keyspace = &*visits}))->view()) == 1);'),
    "transactions.md": (
        'Need(db->Put("alice", "20").has_value() && db->Put("bob", "5").has_value());',
        'Need((*db->Get("alice"))->view() == "10" && (*db->Get("bob"))->view() == "15");'),
    "backup.md": (
        'Need(db->Put("apple", "red").has_value());',
        'Need(made && backup && back && dataset && dataset->exact);'),
    "followers.md": ('Need(db->Put("apple", "red").has_value());', "Need(follower.has_value());"),
    "ingest.md": (
        'Need(WriteArrow("users-1.arrow", "ada") && WriteArrow("users-2.arrow", "bob"));',
        "Need(report && report->rows_written == 2);"),
    "porting.md": ('Need(db->Put("page/0", "zero").has_value());', 'Need(!*db->Get("page/0") && *db->Get("page/1"));'),
    "arrow_stream.md": ('Need(db->Put("user/1", "ada").has_value());', 'Need(used == "user/1");'),
}

HEAD = """#include <quiver/quiver.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

static const char* page = "";
static std::string used;

static void NeedAt(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s: this does not hold: %s\\n", page, what);
  std::exit(1);
}
#define Need(condition) NeedAt(condition, #condition)

[[maybe_unused]] static quiver::Error Fail(const std::string& message) {
  return quiver::Error(quiver::ErrorCode::kInternal, message);
}
[[maybe_unused]] static void Use(const char* bytes, int size) { used.append(bytes, size); }
static bool WriteArrow(const char* path, const char* key) {
  auto file = quiver::ArrowFileWriter::Create(path, {.with_expiry = true});
  return file && (*file)->Add(key, "1815") && (*file)->Finish();
}
template <typename Value>
std::string Plus(const Value& value, int amount) {
  return std::to_string(std::stoi(*value) + amount);
}
template <typename Value>
std::string Minus(const Value& value, int amount) {
  return Plus(value, -amount);
}
"""


def main():
    docs, work = pathlib.Path(sys.argv[1]), sys.argv[2]
    program, calls = HEAD, ""
    found = {path.name for path in docs.glob("*.md") if "```cpp" in path.read_text()}
    assert found == set(PAGES), f"pages with C++ blocks that tests/docs_program.py does not know, or knows too much: {found ^ set(PAGES)}"
    in_headers = set(re.findall(r"\bquiver_\w+", "".join(path.read_text() for path in (docs.parent / "include/quiver").glob("c*.h"))))
    named = set(re.findall(r"\bquiver_\w+", (docs / "porting.md").read_text()))
    assert named <= in_headers, f"docs/porting.md names C functions that there are not: {named - in_headers}"
    for number, (page, (before, after)) in enumerate(PAGES.items()):
        blocks = re.findall(r"^```cpp\n(.*?)^```", (docs / page).read_text(), flags=re.M | re.S)
        body = "".join(line + "\n" for block in blocks for line in block.splitlines() if not line.startswith("#include"))
        text = re.sub(r'"(/data/|/mnt/|(?=users-\d))', lambda match: f'"{work}{match.group(1) or "/"}', f"{before}\n{{\n{body}{after}\n}}")
        program += f"\nstatic quiver::Result<void> Page{number}(std::unique_ptr<quiver::Database>& db) {{\n{text}\nreturn {{}};\n}}\n"
        directory = "data/fruit" if page == "followers.md" else f"page{number}"
        calls += f"""  {{
    page = "{page}";
    auto db = quiver::Database::Open("{work}/{directory}");
    Need(db.has_value());
    const auto done = Page{number}(*db);
    if (!done) return std::fprintf(stderr, "%s: %s\\n", page, done.error().ToString().c_str()), 1;
  }}
"""
    program += f'\nint main() {{\n{calls}  std::puts("the pages run");\n}}\n'
    print(program)


main()
