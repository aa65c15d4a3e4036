#!/usr/bin/env python3
"""Real consumers take Arrow streams of databases, and see row by row what an Iterator sees.

Usage: arrow_stream_test.py LIBRARY

LIBRARY is the build target quiver_arrow_stream_library. For every codec, for fixed and variable
widths, and for rows in memtables, files and both (with deletes and overwrites), streams with bounds,
prefixes, limits, projections and snapshots are read by pyarrow (validated in full), Polars, pandas and
DuckDB. Run by interop/arrow_stream_run.py with the Python of build/venv.
"""
import gc
import pathlib
import sys
import tempfile

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa

from quiver_test_library import Library

checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def make(library, directory, compression, fixed):
    settings = {"compression": compression, "compression_bottom": compression, "wal_mode": "async",
                "block_size_bytes": 4096, "value_chunk_bytes": 1024, "table_size_bytes": 64 << 10}
    if fixed:
        settings |= {"key_width_bytes": 12, "value_width_bytes": 48}
    database = library.open(directory, **settings)
    for i in range(3000):
        if fixed:
            database.put(b"key%09d" % i, b"value%07d" % i * 4)
        else:
            database.put(b"user/%03d/%d" % (i % 97, i), b"\x00v\xff" * (i % 60) + b"%d" % i)
    return database


def overwrite_some(database, fixed):
    """Every third key again, some of them deleted."""
    for i in range(0, 3000, 3):
        key = b"key%09d" % i if fixed else b"user/%03d/%d" % (i % 97, i)
        if i % 5 == 0:
            database.delete(key)
        else:
            database.put(key, b"w" * 48 if fixed else b"new %d" % i)


def pyarrow_rows(table):
    table.validate(full=True)
    return list(zip(table["key"].to_pylist(), table["value"].to_pylist()))


def check_range(database, name, request):
    limit = request.get("limit", 0)
    expected = database.iterate(**{key: value for key, value in request.items()
                                   if key not in ("limit", "batch_rows")})
    if limit:
        expected = expected[:limit]
    table = pa.RecordBatchReader.from_stream(database.stream(**request)).read_all()
    check(pyarrow_rows(table) == expected, f"pyarrow: {name}")
    check(pyarrow_rows(pa.table(database.stream(**request))) == expected, f"pa.table: {name}")
    check(table.schema.field("key").type == pa.binary() and not table.schema.field("key").nullable,
          f"the key is binary and not nullable: {table.schema}")

    frame = pl.DataFrame(database.stream(**request))
    check(frame.rows() == expected, f"polars: {name}")

    # Batch by batch, while the batches before are gone.
    rows = []
    for batch in pa.RecordBatchReader.from_stream(database.stream(**request)):
        batch.validate(full=True)
        rows += list(zip(batch["key"].to_pylist(), batch["value"].to_pylist()))
    check(rows == expected, f"pyarrow, batch by batch: {name}")

    pandas = pd.DataFrame.from_arrow(database.stream(**request))
    check(list(pandas.itertuples(index=False, name=None)) == expected, f"pandas: {name}")

    reader = pa.RecordBatchReader.from_stream(database.stream(**request))
    check(duckdb.sql("select key, value from reader").fetchall() == expected, f"duckdb: {name}")
    return expected


def check_database(database, name):
    middle = database.iterate()[1500][0]
    requests = {
        "everything": {},
        "from the middle": {"lower": middle},
        "to the middle": {"upper": middle},
        "a prefix": {"prefix": middle[:-2]},
        "nothing": {"prefix": b"~"},
        "a limit": {"limit": 777},
        "short batches": {"batch_rows": 10},
        "one row a batch": {"batch_rows": 1, "limit": 50},
    }
    for what, request in requests.items():
        check_range(database, f"{name}, {what}", request)


def check_projections(database):
    rows = database.iterate()
    keys = pa.table(database.stream(value=False))
    check(keys.column_names == ["key"] and keys["key"].to_pylist() == [row[0] for row in rows],
          "keys alone")
    values = pa.table(database.stream(key=False, sequence=True))
    check(values.column_names == ["value", "sequence"], "value and sequence")
    check(values["value"].to_pylist() == [row[1] for row in rows], "values alone")
    check(values["sequence"].type == pa.uint64() and
          len(set(values["sequence"].to_pylist())) == len(rows), "every row has its own sequence")


def check_sql(database):
    """What a user would ask, beside the same question over a copy of the rows."""
    rows = database.iterate()
    stream = pa.RecordBatchReader.from_stream(database.stream())
    groups = duckdb.sql("select octet_length(value) % 7 as class, count(*), min(key), max(value) "
                        "from stream group by class order by class").fetchall()
    expected = {}
    for key, value in rows:
        expected.setdefault(len(value) % 7, []).append((key, value))
    check(groups == [(group, len(members), min(key for key, _ in members),
                      max(value for _, value in members))
                     for group, members in sorted(expected.items())], "a grouped query of DuckDB")
    lazy = pl.DataFrame(database.stream()).lazy()
    top = lazy.filter(pl.col("value").bin.size() > 100).select(pl.len()).collect().item()
    check(top == sum(len(value) > 100 for _, value in rows), "a lazy query of Polars")


def check_snapshot(database, change):
    before = database.iterate()
    snapshot = database.snapshot()
    stream = database.stream()
    change()
    check(database.iterate() != before, "the database changed")
    check(pyarrow_rows(pa.table(database.stream(snapshot=snapshot))) == before, "a snapshot stays")
    check(pyarrow_rows(pa.table(stream)) == before, "a stream stays in the state it was made in")
    database.free_snapshot(snapshot)


def check_lifetime(library, directory):
    """Tables outlive their stream and database; a closed database ends a stream with its message."""
    database = make(library, directory, "none", False)
    database.compact()
    rows = database.iterate()
    table = pa.table(database.stream(batch_rows=10))
    frame = pl.DataFrame(database.stream())
    reader = pa.RecordBatchReader.from_stream(database.stream(batch_rows=10))
    first = reader.read_next_batch()
    database.close()
    try:
        reader.read_next_batch()
        check(False, "a stream of a closed database fails")
    except (OSError, pa.ArrowException) as error:
        check("closed" in str(error), f"the message tells why: {error}")
    database.free()
    del reader
    gc.collect()
    check(pyarrow_rows(table) == rows and frame.rows() == rows, "tables outlive the database")
    check(first["key"].to_pylist() == [row[0] for row in rows[:10]], "and so does a batch")
    library.open(directory, create_if_missing="false").free()


def main():
    library = Library(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        for compression in ("none", "lz4", "zstd"):
            for fixed in (False, True):
                name = f"{compression}, {'fixed' if fixed else 'variable'}"
                directory = work / name.replace(", ", "-")
                database = make(library, directory, compression, fixed)
                check_database(database, f"{name}, memtable")
                database.compact()
                check_database(database, f"{name}, one run")
                check_snapshot(database, lambda: overwrite_some(database, fixed))
                database.flush()
                for i in range(3000, 3100):
                    database.put(b"key%09d" % i, b"z" * 48)
                check_database(database, f"{name}, memtable and two runs")
                check_projections(database)
                check_sql(database)
                database.close()
                database.free()
        check_lifetime(library, work / "lifetime")
    print(f"arrow stream: {checks} checks passed with pyarrow {pa.__version__}, polars "
          f"{pl.__version__}, pandas {pd.__version__}, duckdb {duckdb.__version__}")


if __name__ == "__main__":
    main()
