#!/usr/bin/env python3
"""Reads Arrow IPC files with other people's readers and prints what they see.

Usage: check_arrow.py FILE...        (with the Python of build/venv, see requirements.txt)

Each file is read five ways: by pyarrow as a file and as the stream inside it, both validated in
full, and by polars eagerly, lazily and as a stream. All must see the same rows. For each file one
line of JSON goes to standard output:

    {"file": ..., "rows": ..., "digest": ..., "schema": {column: type}}

with the types as pyarrow names them and the digest of row_digest.py over the columns key, value
and, where they exist, sequence and operation. The exit status is 1, with a line on standard error,
if a file cannot be read or two readers disagree.
"""

import json
import sys

import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc

from row_digest import row_digest

MAGIC_BYTES = 8  # "ARROW1" and padding: what stands before the stream in a file


def pyarrow_table(reader):
    table = reader.read_all()
    table.validate(full=True)
    return table


def read_all_ways(path):
    """Yields (name of the reader, its table as a pyarrow or polars object)."""
    with pa.memory_map(path) as source:
        yield "pyarrow file", pyarrow_table(ipc.open_file(source))
    with open(path, "rb") as source:
        stream = source.read()[MAGIC_BYTES:]
    yield "pyarrow stream", pyarrow_table(ipc.open_stream(stream))
    yield "polars read_ipc", pl.read_ipc(path)
    yield "polars scan_ipc", pl.scan_ipc(path).collect()
    yield "polars read_ipc_stream", pl.read_ipc_stream(stream)


def column(table, name):
    if isinstance(table, pl.DataFrame):
        return table[name].to_list() if name in table.columns else None
    return table[name].to_pylist() if name in table.column_names else None


def check(path):
    answer = None
    for reader, table in read_all_ways(path):
        digest = row_digest(*(column(table, name)
                              for name in ("key", "value", "sequence", "operation")))
        rows = table.height if isinstance(table, pl.DataFrame) else table.num_rows
        if answer is None:
            schema = {field.name: str(field.type) for field in table.schema}
            answer = {"file": path, "rows": rows, "digest": digest, "schema": schema}
        elif (rows, digest) != (answer["rows"], answer["digest"]):
            raise ValueError(f"{reader} sees {rows} rows with digest {digest}, "
                             f"pyarrow sees {answer['rows']} with {answer['digest']}")
    return answer


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: check_arrow.py FILE...")
    failed = False
    for path in sys.argv[1:]:
        try:
            print(json.dumps(check(path), separators=(",", ":")), flush=True)
        except Exception as error:  # whatever a reader throws is the finding
            print(f"{path}: {type(error).__name__}: {error}", file=sys.stderr)
            failed = True
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
