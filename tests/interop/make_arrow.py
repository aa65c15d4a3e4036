#!/usr/bin/env python3
"""Writes Arrow IPC files as other programs write them, for Quiver's reader to read.

Usage: make_arrow.py DIRECTORY       (with the Python of build/venv, see requirements.txt)

For each file one line of JSON goes to standard output: {"file": ..., "rows": ..., "digest": ...}
with the digest of row_digest.py, or {"file": ..., "refused": part of the expected error message}.
"""

import json
import os
import random
import sys

import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc

from row_digest import row_digest

CODECS = (None, "lz4", "zstd")
TYPES = {
    "binary": pa.binary(),
    "large_binary": pa.large_binary(),
    "utf8": pa.string(),
    "large_utf8": pa.large_string(),
    "fixed": pa.binary(16),
}


def make_rows(rows, fixed, nulls):
    """Keys and values of text; values are null here and there if `nulls`."""
    source = random.Random(rows)
    keys = [f"key{row:013d}" for row in range(rows)]
    values = []
    for row in range(rows):
        if nulls and source.random() < 0.1:
            values.append(None)
        elif fixed:
            values.append(f"{source.randrange(10**16):016d}")
        else:
            values.append("value " * source.randrange(30))
    return keys, values


def column(cells, kind):
    if kind in ("utf8", "large_utf8"):
        return pa.array(cells, TYPES[kind])
    return pa.array([None if cell is None else cell.encode() for cell in cells], TYPES[kind])


class Maker:
    def __init__(self, directory):
        self.directory = directory

    def report(self, name, **facts):
        path = os.path.join(self.directory, name)
        print(json.dumps({"file": path, **facts}, separators=(",", ":")), flush=True)

    def pyarrow(self, name, table, rows=None, batch_rows=None, **options):
        """`rows` is (keys, values) if the file is to be read, or the message of the refusal."""
        with ipc.new_file(os.path.join(self.directory, name), table.schema,
                          options=ipc.IpcWriteOptions(**options)) as sink:
            sink.write_table(table, max_chunksize=batch_rows)
        self.expect(name, rows)

    def polars(self, name, frame, rows, **options):
        frame.write_ipc(os.path.join(self.directory, name), **options)
        self.expect(name, rows)

    def expect(self, name, rows):
        if isinstance(rows, str):
            self.report(name, refused=rows)
        else:
            self.report(name, rows=len(rows[0]), digest=row_digest(*rows))


def every_type_and_codec(maker):
    for codec in CODECS:
        for key_kind in TYPES:
            for value_kind in TYPES:
                rows = make_rows(2000, fixed=value_kind == "fixed", nulls=value_kind != "utf8")
                table = pa.table({"key": column(rows[0], key_kind),
                                  "value": column(rows[1], value_kind)})
                maker.pyarrow(f"pyarrow-{codec}-{key_kind}-{value_kind}.arrow", table, rows,
                              batch_rows=777, compression=codec)


def odd_shapes(maker):
    rows = make_rows(500, fixed=False, nulls=True)
    keys, values = (column(cells, "binary") for cells in rows)
    plain = pa.table({"key": keys, "value": values})
    maker.pyarrow("no-rows.arrow", plain.slice(0, 0), ([], []))
    maker.pyarrow("slice.arrow", plain.slice(13, 77), [cells[13:90] for cells in rows])
    maker.pyarrow("slice-zstd.arrow", plain.slice(13, 77), [cells[13:90] for cells in rows],
                  compression="zstd")
    maker.pyarrow("one-row-batches.arrow", plain, rows, batch_rows=1)
    maker.pyarrow("legacy.arrow", plain, rows, use_legacy_format=True,
                  metadata_version=ipc.MetadataVersion.V4)
    maker.pyarrow("metadata.arrow", plain.replace_schema_metadata({"a": "b", "": "c"}), rows)
    empty = pa.array([b""] * 1000, pa.binary())
    maker.pyarrow("empty-cells.arrow", pa.table({"key": empty, "value": empty}),
                  ([""] * 1000, [""] * 1000), compression="zstd")
    nothing = pa.array([None] * 1000, pa.binary())
    maker.pyarrow("all-null.arrow", pa.table({"key": empty, "value": nothing}),
                  ([""] * 1000, [None] * 1000), compression="lz4")
    large = ["x" * 3_000_000, "y" * 10, "z" * 5_000_000]
    maker.pyarrow("large-cells.arrow",
                  pa.table({"key": column(["a", "b", "c"], "binary"),
                            "value": column(large, "binary")}), (["a", "b", "c"], large))


def other_columns(count):
    """Columns of every layout, to stand around key and value."""
    numbers = list(range(count))
    lists = [[number, number] if number % 3 else None for number in numbers]
    records = [{"a": number, "b": str(number)} for number in numbers]
    unions = [pa.array(numbers, pa.int64()), pa.array([str(n) for n in numbers])]
    tags = pa.array([number % 2 for number in numbers], pa.int8())
    places = pa.array(numbers, pa.int32())
    return {
        "null": pa.nulls(count),
        "bool": pa.array([number % 2 == 0 for number in numbers]),
        "float": pa.array([None if number % 5 == 0 else number / 2 for number in numbers]),
        "decimal": pa.array(numbers, pa.decimal128(20, 2)),
        "date": pa.array(numbers, pa.date32()),
        "timestamp": pa.array(numbers, pa.timestamp("us", tz="UTC")),
        "duration": pa.array(numbers, pa.duration("ns")),
        "list": pa.array(lists, pa.list_(pa.int32())),
        "large_list": pa.array(lists, pa.large_list(pa.int32())),
        "fixed_list": pa.array([[n, n] for n in numbers], pa.list_(pa.int32(), 2)),
        "list_view": pa.array(lists, pa.list_view(pa.int32())),
        "struct": pa.array(records, pa.struct([("a", pa.int64()), ("b", pa.string())])),
        "map": pa.array([[(str(n), n)] for n in numbers], pa.map_(pa.string(), pa.int64())),
        "dense_union": pa.UnionArray.from_dense(tags, places, unions),
        "sparse_union": pa.UnionArray.from_sparse(tags, unions),
        "dictionary": pa.array([str(n % 7) for n in numbers]).dictionary_encode(),
        "run_ends": pa.RunEndEncodedArray.from_arrays(pa.array([count], pa.int32()),
                                                      pa.array(["same"])),
        "string_view": pa.array([f"a view long enough not to be inlined {n}" for n in numbers],
                                pa.string_view()),
        "binary_view": pa.array([b"x" * (n % 40) for n in numbers], pa.binary_view()),
    }


def columns_around(maker):
    count = 300
    rows = make_rows(count, fixed=False, nulls=True)
    others = other_columns(count)
    mine = {"key": column(rows[0], "binary"), "value": column(rows[1], "utf8")}
    for codec in CODECS:
        maker.pyarrow(f"around-{codec}.arrow", pa.table({**others, **mine, "last": mine["key"]}),
                      rows, compression=codec)
        for name, other in others.items():
            table = pa.table({"key": mine["key"], name: other, "value": mine["value"]})
            maker.pyarrow(f"between-{name}-{codec}.arrow", table, rows, batch_rows=111,
                          compression=codec)
    old = {"metadata_version": ipc.MetadataVersion.V4}  # where unions have a bitmap of their own
    for name in ("dense_union", "sparse_union", "dictionary", "struct"):
        table = pa.table({"key": mine["key"], name: others[name], "value": mine["value"]})
        maker.pyarrow(f"v4-{name}.arrow", table, rows, **old)
    for name, other in others.items():
        if name.endswith("_view") and name != "list_view":
            cells = [cell.decode() if isinstance(cell, bytes) else cell for cell in other.to_pylist()]
            maker.pyarrow(f"value-is-{name}.arrow", pa.table({"key": mine["key"], "value": other}), (rows[0], cells))
            continue
        message = "dictionary-encoded" if name == "dictionary" else "has type"
        maker.pyarrow(f"value-is-{name}.arrow", pa.table({"key": mine["key"], "value": other}),
                      message)
    maker.pyarrow("no-value.arrow", pa.table({"key": mine["key"]}), "does not exist")


def polars_files(maker):
    rows = make_rows(3000, fixed=False, nulls=True)
    text = pl.DataFrame({"key": rows[0], "value": rows[1]})
    data = text.with_columns(pl.col("key").cast(pl.Binary), pl.col("value").cast(pl.Binary))
    oldest = {"compat_level": pl.CompatLevel.oldest()}
    for codec in ("uncompressed", "lz4", "zstd"):
        maker.polars(f"polars-text-{codec}.arrow", text, rows, compression=codec, **oldest)
        maker.polars(f"polars-binary-{codec}.arrow", data, rows, compression=codec, **oldest)
        maker.polars(f"polars-batches-{codec}.arrow", data, rows, compression=codec,
                     record_batch_size=500, **oldest)
        # Without compat_level Polars writes views; sorted by value, they point all over their data.
        maker.polars(f"polars-views-{codec}.arrow", data, rows, compression=codec)
        maker.polars(f"polars-text-views-{codec}.arrow", text, rows, compression=codec)
        by_value = data.sort("value", nulls_last=True)
        cells = [[None if cell is None else cell.decode() for cell in by_value[name]] for name in ("key", "value")]
        maker.polars(f"polars-sorted-views-{codec}.arrow", by_value, cells, compression=codec)
    maker.polars("polars-no-rows.arrow", data.head(0), ([], []), **oldest)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_arrow.py DIRECTORY")
    maker = Maker(sys.argv[1])
    every_type_and_codec(maker)
    odd_shapes(maker)
    columns_around(maker)
    polars_files(maker)


if __name__ == "__main__":
    main()
