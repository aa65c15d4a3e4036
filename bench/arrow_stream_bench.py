#!/usr/bin/env python3
"""Times pyarrow reading a database's Arrow stream beside pyarrow reading its files.

Usage: arrow_stream_bench.py LIBRARY DIRECTORY...

LIBRARY is the test library (build target quiver_arrow_stream_library); each DIRECTORY holds a
database of quiver-bench-arrow. "files" maps the tables and reads them whole with pyarrow, which sees
the same rows where they are in one run. Medians of nine rounds, warm caches; each reader either
takes every batch as it comes or makes one table, and then sums the lengths of the values.
"""
import pathlib
import statistics
import sys
import time

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/interop"))
from quiver_test_library import Library  # noqa: E402

ROUNDS = 9


def measure(read):
    read()
    seconds, rows = [], 0
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        rows = read()
        seconds.append(time.perf_counter() - begin)
    return rows, rows / statistics.median(seconds) / 1e6


def lengths(table):
    return pc.sum(pc.binary_length(table["value"])).as_py()


def main():
    library = Library(sys.argv[1])
    print("| database | reader | batches | M rows/s |\n|---|---|--:|--:|")
    for directory in map(pathlib.Path, sys.argv[2:]):
        files = sorted(directory.glob("*.arrow"))
        database = library.open(directory, memory_limit_bytes=2 << 30)

        def open_stream(**request):
            return pa.RecordBatchReader.from_stream(database.stream(**request))

        def batches_of_files():
            rows = 0
            for file in files:
                with pa.memory_map(str(file)) as source:
                    reader = ipc.open_file(source)
                    for i in range(reader.num_record_batches):
                        rows += reader.get_batch(i).num_rows
            return rows

        def table_of_files():
            return pa.concat_tables(
                [ipc.open_file(pa.memory_map(str(file))).read_all() for file in files])

        readers = {
            "files, batch by batch": batches_of_files,
            "files, one table": lambda: table_of_files().num_rows,
            "files, one table, lengths": lambda: (t := table_of_files(), lengths(t))[0].num_rows,
            "stream, batch by batch": lambda: sum(b.num_rows for b in open_stream()),
            "stream, one table": lambda: open_stream().read_all().num_rows,
            "stream, one table, lengths":
                lambda: (t := open_stream().read_all(), lengths(t))[0].num_rows,
            "stream, keys alone, one table":
                lambda: open_stream(value=False).read_all().num_rows,
            "stream, nothing cached, one table":
                lambda: open_stream(fill_cache=False).read_all().num_rows,
        }
        for name, read in readers.items():
            rows, rate = measure(read)
            batches = len(table_of_files().to_batches()) if name.startswith("files") else len(
                open_stream().read_all().to_batches())
            print(f"| {directory.name}, {rows} rows | {name} | {batches} | {rate:.1f} |", flush=True)
        database.close()
        database.free()


if __name__ == "__main__":
    main()
