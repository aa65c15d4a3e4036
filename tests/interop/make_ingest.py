#!/usr/bin/env python3
"""Writes Arrow files and streams of every shape that `quiver import` takes, and some that it refuses.

Usage: make_ingest.py DIRECTORY       (with the Python of build/venv, see requirements.txt)

A line of JSON for each: {"file", "flags", "rows": {key: value}} or {"file", "flags", "refused": part of the message}.
"""
import datetime
import json
import os
import random
import sys

import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc

DIRECTORY = sys.argv[1]
TYPES = {"binary": pa.binary(), "large_binary": pa.large_binary(), "utf8": pa.string(), "large_utf8": pa.large_string(),
         "binary_view": pa.binary_view(), "utf8_view": pa.string_view(), "fixed": pa.binary(12)}
FAR = datetime.datetime(2096, 10, 2, tzinfo=datetime.timezone.utc)
PAST = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)


def report(name, **facts):
    print(json.dumps({"file": os.path.join(DIRECTORY, name), **{"flags": [], **facts}}))


def rows_of(order, fixed=False):
    source = random.Random(order)
    numbers = list(range(4000))
    if order == "unsorted":
        source.shuffle(numbers)
    if order == "repeated":
        numbers = [source.randrange(500) for _ in numbers]
    return [(f"key{n:09d}", f"{source.randrange(10**12):012d}" if fixed else "v" * source.randrange(40) + str(i))
            for i, n in enumerate(numbers)]


def cells(texts, kind):
    text = "utf8" in kind
    return pa.array([t if text else t.encode() for t in texts], TYPES[kind])


def write(name, table, stream=False, codec=None, batch_rows=700):
    options = ipc.IpcWriteOptions(compression=codec)
    path = os.path.join(DIRECTORY, name)
    new = ipc.new_stream if stream else ipc.new_file
    with pa.OSFile(path, "wb") as sink, new(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=batch_rows)
    return path


def good():
    for kind in TYPES:
        for order in ("sorted", "unsorted", "repeated"):
            for codec in (None, "lz4", "zstd"):
                for stream in (False, True):
                    rows = rows_of(order, kind == "fixed")
                    table = pa.table({"key": cells([k for k, _ in rows], kind), "value": cells([v for _, v in rows], kind)})
                    name = f"{kind}-{order}-{codec}.{'arrows' if stream else 'arrow'}"
                    write(name, table, stream, codec)
                    report(name, rows=dict(rows))
    rows = rows_of("unsorted")
    frame = pl.DataFrame({"name": [k for k, _ in rows], "count": range(len(rows)), "text": [v for _, v in rows]})
    flags = ["--key-column", "name", "--value-column", "text"]
    for compression in ("uncompressed", "lz4", "zstd"):
        frame.write_ipc(os.path.join(DIRECTORY, f"polars-{compression}.arrow"), compression=compression)
        report(f"polars-{compression}.arrow", flags=flags, rows=dict(rows))
        frame.sort("name").write_ipc_stream(os.path.join(DIRECTORY, f"polars-{compression}.arrows"), compression=compression)
        report(f"polars-{compression}.arrows", flags=flags, rows=dict(rows))
    write("empty.arrow", pa.table({"key": pa.array([], pa.binary()), "value": pa.array([], pa.binary())}))
    report("empty.arrow", rows={})


def expiring():
    moments = [FAR, PAST, None]
    for unit in ("s", "ms", "us", "ns"):
        table = pa.table({"key": ["far", "past", "never"], "value": ["1", "2", "3"],
                          "until": pa.array(moments, pa.timestamp(unit, "UTC"))})
        write(f"until-{unit}.arrow", table)
        report(f"until-{unit}.arrow", flags=["--expiry-column", "until"], rows={"far": "1", "never": "3"})
    for kind in (pa.int64(), pa.uint64()):
        micros = [None if m is None else int(m.timestamp()) * 10**6 for m in moments]
        write(f"until-{kind}.arrow", pa.table({"key": ["far", "past", "never"], "value": ["1", "2", "3"],
                                               "until": pa.array(micros, kind)}))
        report(f"until-{kind}.arrow", flags=["--expiry-column", "until"], rows={"far": "1", "never": "3"})
    write("until-early.arrow", pa.table({"key": ["a"], "value": ["1"], "until": pa.array([-5], pa.int64())}))
    report("until-early.arrow", flags=["--expiry-column", "until"], refused="before 1970")
    write("until-text.arrow", pa.table({"key": ["a"], "value": ["1"], "until": ["soon"]}))
    report("until-text.arrow", flags=["--expiry-column", "until"], refused="a moment is a timestamp")


def bad():
    text = pa.array(["a", "b"])
    for name, table, message in (
            ("null-key", pa.table({"key": pa.array(["a", None]), "value": text}), "row 1 has no key"),
            ("null-value", pa.table({"key": text, "value": pa.array([None, "b"])}), "row 0 has no value"),
            ("integers", pa.table({"key": pa.array([1, 2]), "value": text}), "has type Int"),
            ("floats", pa.table({"key": text, "value": pa.array([1.5, 2])}), "has type FloatingPoint"),
            ("dictionary", pa.table({"key": text.dictionary_encode(), "value": text}), "dictionary-encoded"),
            ("absent", pa.table({"key": text, "price": text}), "'value' does not exist"),
            ("long-key", pa.table({"key": ["k" * 65_536], "value": ["v"]}), "65535"),
            ("twice", pa.table([text, text, text], names=["key", "value", "value"]), "more than once")):
        for stream in (False, True):
            write(f"{name}.{'arrows' if stream else 'arrow'}", table, stream)
            report(f"{name}.{'arrows' if stream else 'arrow'}", refused=message)
    rows = rows_of("repeated")
    write("repeated.arrow", pa.table({"key": [k for k, _ in rows], "value": [v for _, v in rows]}))
    report("repeated.arrow", flags=["--refuse-duplicates"], refused="several rows have the key")


good()
expiring()
bad()
