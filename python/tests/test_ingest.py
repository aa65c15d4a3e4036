"""Files of pyarrow and Polars become rows, all at once."""
import datetime
import os
import pathlib

import polars
import pyarrow
import pyarrow.feather
import pyarrow.ipc
import pytest
import quiver

MINUTE = datetime.timedelta(minutes=1)


def write_ipc(path, table, stream=False):
    make = pyarrow.ipc.new_stream if stream else pyarrow.ipc.new_file
    with pyarrow.OSFile(str(path), "wb") as sink, make(sink, table.schema) as writer:
        writer.write_table(table)
    return path


@pytest.fixture
def table():
    return pyarrow.table({"key": [f"user/{i:05d}" for i in range(3000)], "value": [b"%d" % i for i in range(3000)]})


@pytest.fixture
def rows(table):
    return dict(zip((key.encode() for key in table["key"].to_pylist()), table["value"].to_pylist()))


def test_links_are_followed_and_only_files_are_taken(db, table, rows, tmp_path):
    write_ipc(tmp_path / "rows.arrow", table)
    (tmp_path / "link.arrow").symlink_to("rows.arrow")
    assert db.ingest(tmp_path / "link.arrow")["rows_written"] == 3000
    assert dict(db.items()) == rows
    os.mkfifo(tmp_path / "pipe")
    for wrong in (tmp_path, tmp_path / "pipe", "/dev/null"):
        with pytest.raises(quiver.InvalidArgumentError, match="not a regular file"):
            db.ingest(wrong)
    with pytest.raises(quiver.NotFoundError):
        db.ingest(tmp_path / "absent")


@pytest.mark.parametrize("stream", [False, True])
def test_what_pyarrow_writes(db, table, rows, tmp_path, stream):
    db[b"user/00001"] = b"old"
    db[b"zebra"] = b"stays"
    report = db.ingest(write_ipc(tmp_path / "rows.arrow", table, stream))
    assert report["rows_read"] == report["rows_written"] == 3000 and report["was_sorted"] and report["spilled_bytes"] == 0
    assert report["tables"] >= 1 and report["table_bytes"] > 0 and report["sequence"] == db.snapshot().sequence
    assert dict(db.items()) == rows | {b"zebra": b"stays"}
    db[b"user/00001"] = b"newer"
    assert db[b"user/00001"] == b"newer"
    db.close()
    assert quiver.verify(db.path)["damages"] == []


def test_what_polars_writes_unsorted_and_compressed(db, rows, tmp_path):
    frame = polars.DataFrame({"id": list(rows), "row": list(rows.values())}).sample(fraction=1.0, shuffle=True, seed=7)
    for compression in ("uncompressed", "lz4", "zstd"):
        file = tmp_path / f"{compression}.arrow"
        frame.write_ipc(file, compression=compression)
        keyspace = db.keyspace(compression, create=True)
        report = keyspace.ingest(str(file), key_column="id", value_column="row")
        assert not report["was_sorted"] and dict(keyspace.items()) == rows
    assert list(db) == []


def test_several_files_are_one_write_and_the_last_row_wins(db, table, tmp_path):
    newer = table.slice(10, 5).set_column(1, "value", pyarrow.array([b"newer"] * 5))
    files = [write_ipc(tmp_path / "a.arrow", table), pathlib.Path(write_ipc(tmp_path / "b.arrow", newer))]
    before = db.snapshot()
    report = db.ingest(file for file in files)
    assert report["rows_read"] == 3005 and report["rows_written"] == 3000
    assert db[b"user/00010"] == b"newer" and db[b"user/00015"] == b"15" and list(before) == []
    with pytest.raises(quiver.InvalidArgumentError, match="user/00010"):
        db.ingest(files, refuse_duplicates=True)
    assert db.ingest([])["rows_read"] == 0


def test_rows_expire_by_a_column(db, tmp_path):
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    until = [now + MINUTE, now - MINUTE, None]
    for unit in ("s", "ms", "us", "ns"):
        table = pyarrow.table({"key": [b"later", b"gone", b"for ever"], "value": [b"1", b"2", b"3"],
                               "until": pyarrow.array(until, pyarrow.timestamp(unit, "UTC"))})
        keyspace = db.keyspace(unit, create=True)
        keyspace.ingest(write_ipc(tmp_path / f"{unit}.arrow", table), expiry_column="until")
        assert list(keyspace) == [b"for ever", b"later"]
        assert keyspace.expiry(b"later") == until[0] and keyspace.expiry(b"for ever") is None


def test_a_dataframe_of_the_database_comes_back(fruit, tmp_path):
    pyarrow.feather.write_feather(pyarrow.table(fruit.snapshot()), tmp_path / "fruit.arrow", compression="zstd")
    with quiver.Database(tmp_path / "again") as again:
        again.ingest(tmp_path / "fruit.arrow")
        assert list(again.items()) == list(fruit.items())


def test_progress_counts_rows_and_may_end_it(db, table, tmp_path):
    file, told = write_ipc(tmp_path / "rows.arrow", table), []

    def stop(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        db.ingest(file, progress=stop)
    assert list(db) == []
    db.ingest(file, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told) and told[-1][0] > 3000 // 2 and len(list(db)) == 3000


def test_what_is_refused_changes_nothing(fruit, table, tmp_path):
    before = list(fruit.items())
    nulls = write_ipc(tmp_path / "nulls.arrow", pyarrow.table({"key": ["a", None], "value": ["1", "2"]}))
    numbers = write_ipc(tmp_path / "numbers.arrow", pyarrow.table({"key": [1], "value": [2]}))
    cut = tmp_path / "cut.arrow"
    cut.write_bytes(write_ipc(tmp_path / "whole.arrow", table).read_bytes()[:-100])
    (tmp_path / "text.arrow").write_text("no Arrow at all, but long enough to look at")
    for file in (nulls, numbers, cut, tmp_path / "text.arrow"):
        with pytest.raises((quiver.InvalidArgumentError, quiver.CorruptionError, quiver.UnsupportedError)) as raised:
            fruit.ingest([tmp_path / "whole.arrow", file])
        assert file.name in str(raised.value)
    with pytest.raises(quiver.NotFoundError):
        fruit.ingest(tmp_path / "absent.arrow")
    with pytest.raises(quiver.InvalidArgumentError, match="valeu"):
        fruit.ingest(tmp_path / "whole.arrow", value_column="valeu")
    for bad in (None, 7, [None], [7], table):
        with pytest.raises(TypeError):
            fruit.ingest(bad)
    with pytest.raises(TypeError):
        fruit.ingest(tmp_path / "whole.arrow", key_column=7)
    assert list(fruit.items()) == before
    fruit.close()
    with pytest.raises(quiver.ClosedError):
        fruit.ingest(tmp_path / "whole.arrow")
    with quiver.Database(fruit.path, read_only=True) as reader, pytest.raises(quiver.ReadOnlyError):
        reader.ingest(tmp_path / "whole.arrow")
