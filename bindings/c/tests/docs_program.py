#!/usr/bin/env python3
"""Prints a C program of all code blocks of docs/c.md but the first, which is a program itself.

Usage: docs_program.py DOCS_C_MD WORK_DIRECTORY

Each block runs in a scope of its own, on one database, in the order of the page; paths of the page become paths below
WORK_DIRECTORY. The program fails where a call of a block has stored an error, and names the block.
"""
import pathlib
import re
import sys

HEAD = """#include <quiver/quiver.h>
#include <stdio.h>

static quiver_error* error = NULL;

static int Failed(const char* block) {
  if (error != NULL) fprintf(stderr, "%s: %s\\n", block, quiver_error_text(error));
  return error != NULL;
}
"""
# What the page takes for granted: rows, and the files that others have written.
BEFORE = """
  quiver_database* db = NULL;
  quiver_arrow_writer* writer = NULL;
  if (quiver_open("/tmp/fruit", NULL, &db, &error)) return Failed("open");
  quiver_put(db, NULL, "apple", 5, "red", 3, &error);
  quiver_arrow_writer_create("users-1.arrow", &writer, &error);
  quiver_arrow_writer_add(writer, "ada", 3, "1815", 4, &error);
  quiver_arrow_writer_finish(writer, &error);
  quiver_arrow_writer_destroy(writer);
  quiver_arrow_writer_create("users-2.arrow", &writer, &error);
  quiver_arrow_writer_add(writer, "bob", 3, "1912", 4, &error);
  quiver_arrow_writer_finish(writer, &error);
  quiver_arrow_writer_destroy(writer);
  if (Failed("before")) return 1;
"""


def main():
    page, work = pathlib.Path(sys.argv[1]).read_text(), sys.argv[2]
    blocks = re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", page, flags=re.M | re.S)
    program = HEAD + "\nint main(void) {" + BEFORE
    count = 0
    for title, text in blocks:
        for block in re.findall(r"^```c\n(.*?)^```", text, flags=re.M | re.S):
            destroyed = set(re.findall(r"quiver_\w+_destroy\((\w+)\)", block))
            made = re.findall(r"^quiver_(keyspace|write_options|ingest_options)\* (\w+) = NULL;", block, flags=re.M)
            ends = "".join(f"quiver_{kind}_destroy({name});\n" for kind, name in made if name not in destroyed)
            program += f'  {{\n{block}{ends}  }}\n  if (Failed("{title}")) return 1;\n'
            count += 1
    assert count >= 6, f"only {count} blocks found in {sys.argv[1]}"
    program += '  quiver_database_destroy(db);\n  puts("the page runs");\n}\n'
    print(re.sub(r'"(/tmp/|/data/|/mnt/|(?=users-\d))', lambda match: f'"{work}/', program))


main()
