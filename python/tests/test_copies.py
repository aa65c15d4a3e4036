"""Checkpoints, backups and datasets of a live database, and what Python code does to them while they are made."""
import datetime
import subprocess
import sys
import textwrap
import threading

import duckdb
import polars
import pyarrow.dataset
import pytest
import quiver


@pytest.fixture
def rows(db):
    rows = {f"user/{i:05d}".encode(): b"%d:" % i + bytes(100) for i in range(3000)}
    db.put_many(rows)
    return rows


def content(path):
    with quiver.Database(path, read_only=True) as copy:
        return dict(copy.items())


class Told:
    """A progress function that remembers, and checks that nothing goes backwards."""

    def __init__(self):
        self.calls = [(0, 0)]

    def __call__(self, done, total):
        assert self.calls[-1][0] <= done <= total
        self.calls.append((done, total))

    @property
    def end(self):
        return self.calls[-1]


def test_a_checkpoint_is_a_database_of_its_own(db, rows, tmp_path):
    users = db.keyspace("users", create=True)
    users[b"ada"] = b"1815"
    told = Told()
    report = db.checkpoint(tmp_path / "copy", progress=told)
    db[b"later"] = b"not in it"
    assert report["sequence"] == 3001 and told.end == (report["bytes"], report["bytes"])
    assert report["tables_linked"] + report["tables_copied"] + report["tables_written"] > 0
    assert content(tmp_path / "copy") == rows
    with quiver.Database(tmp_path / "copy") as copy:
        assert list(copy.keyspace("users").items()) == [(b"ada", b"1815")]
        copy[b"mine"] = b"alone"
    assert b"mine" not in db
    with pytest.raises(quiver.InvalidArgumentError, match="empty"):
        db.checkpoint(tmp_path / "copy")


def test_backups_are_made_checked_restored_and_pruned(db, rows, tmp_path):
    backups, told = tmp_path / "backups", Told()
    first = db.backup(backups, progress=told)
    assert first["id"] == 1 and first["sequence"] == 3000 and told.end == (first["new_bytes"], first["new_bytes"])
    assert abs(first["created"] - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=10)
    db[b"later"] = b"1"
    second = db.backup(str(backups))
    assert 0 < second["new_bytes"] < second["bytes"]  # the tables are shared
    assert quiver.list_backups(backups) == {"backups": [first, second], "damages": []}
    checked = quiver.verify_backup(backups, progress=(told := Told()))
    assert checked["backups"] == 2 and checked["damages"] == [] and told.end[0] == told.end[1]
    assert quiver.verify_backup(backups, 2)["backups"] == 1
    assert quiver.restore_backup(backups, 1, tmp_path / "one", progress=(told := Told())) == first
    assert told.end == (first["bytes"], first["bytes"])
    quiver.restore_backup(backups, id=2, destination=tmp_path / "two")
    assert content(tmp_path / "one") == rows and content(tmp_path / "two") == rows | {b"later": b"1"}
    db.backup(backups)
    quiver.delete_backup(backups, 1)
    assert quiver.prune_backups(backups, keep=1) == 1
    assert [each["id"] for each in quiver.list_backups(backups)["backups"]] == [3]


def test_damage_is_found_and_not_restored(db, rows, tmp_path):
    backups = tmp_path / "backups"
    db.backup(backups)
    table = max(backups.iterdir(), key=lambda file: file.stat().st_size)
    wrong = bytearray(table.read_bytes())
    wrong[500] ^= 1
    table.write_bytes(wrong)
    [damage] = quiver.verify_backup(backups)["damages"]
    assert damage["file"] == table.name and "checksum" in damage["what"]
    with pytest.raises(quiver.CorruptionError, match="checksum") as raised:
        quiver.restore_backup(backups, 1, tmp_path / "restored")
    assert raised.value.file == table.name
    assert list((tmp_path / "restored").iterdir()) == []


def test_a_dataset_is_read_by_pyarrow_polars_and_duckdb(db, rows, tmp_path):
    db.flush()
    db[b"user/00007"] = b"newer"
    del db[b"user/00008"]
    rows = dict(sorted({**rows, b"user/00007": b"newer"}.items()))
    del rows[b"user/00008"]
    told = Told()
    report = db.export_dataset(tmp_path / "out", progress=told)
    assert report["exact"] and report["rows"] == len(rows) and report["notes"] == []
    assert told.end == (report["bytes"], report["bytes"]) and report["linked_files"] <= report["files"]
    db.compact()
    db.close()
    dataset = pyarrow.dataset.dataset(tmp_path / "out", format="ipc")
    table = dataset.to_table().sort_by("key")
    assert dict(zip(table["key"].to_pylist(), table["value"].to_pylist())) == rows
    frame = polars.scan_ipc(str(tmp_path / "out/*.arrow")).select("key", "value").collect()
    assert dict(frame.rows()) == rows
    assert duckdb.sql("select count(*), min(key) from dataset").fetchall() == [(len(rows), min(rows))]


def test_a_dataset_of_a_keyspace_as_it_is(db, tmp_path):
    users = db.keyspace("users", create=True)
    users.put_many({b"ada": b"1815", b"bob": b"1912"})
    users.delete(b"bob")
    report = users.export_dataset(tmp_path / "as-it-is", compact=False)
    assert not report["exact"] and report["notes"]
    exact = users.export_dataset(tmp_path / "compacted")
    assert exact["exact"] and exact["rows"] == 1
    assert pyarrow.dataset.dataset(tmp_path / "compacted", format="ipc").to_table()["key"].to_pylist() == [b"ada"]


def test_sizes_of_a_keyspace(db, rows):
    users = db.keyspace("users", create=True)
    users[b"ada"] = b"1815"
    db.flush()
    users[b"bob"] = b"1912"
    sizes = users.metrics()
    assert sizes["name"] == "users" and sizes["tables"] == sizes["entries"] == 1
    assert sizes["table_bytes"] > 0 and sizes["memtable_bytes"] > 0
    assert db.metrics()["keyspaces"][1] == sizes
    assert [each["name"] for each in quiver_verified(db)["keyspaces"]] == ["default", "users"]


def quiver_verified(db):
    path = db.path
    db.close()
    return quiver.verify(path, progress=Told())


def test_what_progress_raises_ends_the_call(db, rows, tmp_path):
    class Enough(Exception):
        pass

    def stop(done, total):
        raise Enough(done)

    db.backup(tmp_path / "backups")
    calls = (lambda: db.checkpoint(tmp_path / "a", progress=stop), lambda: db.backup(tmp_path / "b", progress=stop),
             lambda: db.export_dataset(tmp_path / "c", progress=stop), lambda: quiver.verify_backup(tmp_path / "backups", progress=stop),
             lambda: quiver.restore_backup(tmp_path / "backups", 1, tmp_path / "d", progress=stop))
    for call in calls:
        with pytest.raises(Enough):
            call()
    for name in "acd":
        assert not (tmp_path / name).exists() or list((tmp_path / name).iterdir()) == []
    assert quiver.list_backups(tmp_path / "b")["backups"] == []
    with pytest.raises(TypeError, match="function of two ints"):
        db.checkpoint(tmp_path / "a", progress=7)
    path = db.path
    db.close()
    with pytest.raises(Enough):
        quiver.verify(path, progress=stop)
    with pytest.raises(Enough):
        quiver.repair(path, tmp_path / "repaired", progress=stop)


def test_ctrl_c_ends_a_long_call(tmp_path):
    program = f"""
        import os, quiver, signal, threading
        db = quiver.Database({str(tmp_path / "db")!r}, wal_mode="async")
        db.put_many(((os.urandom(12), os.urandom(2000)) for _ in range(20000)), atomic=False)
        db.flush()
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            db.backup({str(tmp_path / "backups")!r})
            print("made")
        except KeyboardInterrupt:
            print("interrupted")
        print(quiver.list_backups({str(tmp_path / "backups")!r})["backups"])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n[]\n", "")


def test_copies_under_writers_hold_whole_batches(db, tmp_path):
    stop, wrong = threading.Event(), []
    other = db.keyspace("other", create=True)

    def write():
        number = 0
        try:
            while not stop.is_set():
                number += 1
                with db.batch() as batch:
                    batch[b"last"] = b"%d" % number
                    batch.put(b"last", b"%d" % number, keyspace=other)
                    batch[b"n%d" % number] = bytes(200)
        except BaseException as error:  # noqa: BLE001: whatever it is, the test must see it
            wrong.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for copy in range(5):
            db.checkpoint(tmp_path / f"copy{copy}")
            db.backup(tmp_path / "backups")
            with quiver.Database(tmp_path / f"copy{copy}", read_only=True) as made:
                assert made.get(b"last") == made.keyspace("other").get(b"last")
                assert len(list(made.keys(prefix=b"n"))) == int(made.get(b"last", b"0"))
    finally:
        stop.set()
        writer.join()
    assert not wrong
    assert quiver.verify_backup(tmp_path / "backups")["damages"] == []


def test_what_is_refused(db, tmp_path):
    with pytest.raises(quiver.NotFoundError):
        quiver.list_backups(tmp_path / "nowhere")
    with pytest.raises(quiver.NotFoundError):
        quiver.verify_backup(tmp_path / "nowhere")
    with pytest.raises(quiver.NotFoundError, match="holds no backups"):
        quiver.verify_backup(tmp_path)
    db.backup(tmp_path / "backups")
    for call in (lambda: quiver.verify_backup(tmp_path / "backups", 9), lambda: quiver.delete_backup(tmp_path / "backups", 9),
                 lambda: quiver.restore_backup(tmp_path / "backups", 9, tmp_path / "x")):
        with pytest.raises(quiver.NotFoundError):
            call()
    with pytest.raises(quiver.InvalidArgumentError):
        quiver.prune_backups(tmp_path / "backups", keep=0)
    for bad in (None, 7, b"a\0b"):
        with pytest.raises((TypeError, ValueError)):
            db.checkpoint(bad)
        with pytest.raises((TypeError, ValueError)):
            quiver.list_backups(bad)
    with pytest.raises(TypeError):
        quiver.verify_backup(tmp_path / "backups", "1")
    db.close()
    for make in (db.checkpoint, db.backup, db.export_dataset):
        with pytest.raises(quiver.ClosedError):
            make(tmp_path / f"closed-{make.__name__}")
    with quiver.Database(db.path, read_only=True) as reader:
        with pytest.raises(quiver.ReadOnlyError):
            reader.export_dataset(tmp_path / "compacted")
        assert reader.export_dataset(tmp_path / "as-it-is", compact=False)["rows"] == 0
