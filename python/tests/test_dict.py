"""A database as a dict: keys, values, iteration, batches, snapshots, settings, maintenance."""
import os
import pathlib

import pytest
import quiver


def test_it_behaves_like_a_dict(db):
    db[b"apple"] = b"red"
    assert db[b"apple"] == b"red"
    assert b"apple" in db and b"pear" not in db
    assert db.get(b"apple") == b"red"
    assert db.get(b"pear") is None and db.get(b"pear", 7) == 7
    db[b"apple"] = b"green"
    assert db[b"apple"] == b"green"
    del db[b"apple"]
    assert b"apple" not in db
    with pytest.raises(KeyError) as missing:
        db[b"apple"]
    assert missing.value.args == (b"apple",)
    with pytest.raises(KeyError):
        del db[b"apple"]
    db.delete(b"apple")  # as the engine does: no error


def test_empty_and_binary_bytes_round_trip(db):
    rows = {b"": b"", b"\0": b"\0\xff", bytes(range(256)): bytes(range(256)) * 9, b"k" * 65535: b"", b"v": b"x" * (1 << 20)}
    for key, value in rows.items():
        db[key] = value
    db.flush()
    assert dict(db.items()) == rows
    assert all(db[key] == value for key, value in rows.items())


def test_every_buffer_is_taken_and_bytes_come_out(db):
    import array

    import numpy

    db[bytearray(b"a")] = memoryview(b"12345")[1:3]
    db[memoryview(b"b")] = array.array("i", [1])
    db[b"c"] = numpy.arange(3, dtype="<u2")
    assert db[b"a"] == b"23" and type(db[memoryview(b"a")]) is bytes
    assert db[b"b"] == b"\1\0\0\0" and db[b"c"] == b"\0\0\1\0\2\0"
    key = bytearray(b"grow")
    db[key] = key
    key += b"n"  # no buffer is still held
    assert db[b"grow"] == b"grow"


def test_ranges_go_both_ways(fruit):
    keys = [b"apple", b"banana", b"blueberry", b"cherry"]
    assert list(fruit) == list(fruit.keys()) == keys
    assert list(fruit.keys(reverse=True)) == keys[::-1]
    assert list(fruit.keys(b"b", b"c")) == keys[1:3]
    assert list(fruit.keys(start=b"banana\0")) == keys[2:]
    assert list(fruit.keys(stop=b"banana")) == keys[:1]
    assert list(fruit.keys(prefix=b"b", reverse=True)) == [b"blueberry", b"banana"]
    assert list(fruit.keys(b"bl", prefix=b"b")) == [b"blueberry"]
    assert list(fruit.keys(b"z")) == [] and list(fruit.keys(b"c", b"b")) == []
    assert list(fruit.values(prefix=b"b")) == [b"yellow", b"blue"]
    assert list(fruit.items(prefix=b"c")) == [(b"cherry", b"red")]
    assert list(fruit.keys(prefix=b"")) == keys


def test_iteration_is_lazy_and_sees_one_state(db):
    db.put_many((f"{i:06d}".encode(), b"v" * 100) for i in range(5000))
    items = db.items()
    assert next(items) == (b"000000", b"v" * 100)
    before = db.metrics()["operations"]["iterator_steps"]
    for i in range(0, 5000, 2):
        db.delete(f"{i:06d}".encode())
    db[b"000001a"] = b"new"
    db.flush()
    assert sum(1 for _ in items) == 4999
    assert sum(1 for _ in db) == 2501
    assert before < 100
    exhausted = db.keys(prefix=b"none")
    assert list(exhausted) == [] and list(exhausted) == []


def test_many_keys_at_once(fruit):
    assert fruit.get_many([b"cherry", b"pear", b"apple"]) == [b"red", None, b"red"]
    assert fruit.get_many(iter([])) == []
    assert fruit.get_many(key for key in fruit) == list(fruit.values())
    assert fruit.put_many([(b"x", b"1"), [b"y", b"2"]]) == 2
    assert fruit.put_many({}) == 0
    assert fruit.put_many((bytes([i]) * 3, bytes(1000)) for i in range(256)) == 256
    assert fruit.put_many(((f"part{i}".encode(), bytes(1 << 16)) for i in range(100)), atomic=False) == 100
    assert len(list(fruit.keys(prefix=b"part"))) == 100


def test_put_many_is_all_or_nothing(db):
    def rows():
        yield b"a", b"1"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        db.put_many(rows())
    with pytest.raises(quiver.InvalidArgumentError):
        db.put_many([(b"b", b"1"), (b"k" * 65536, b"")])
    assert list(db) == []


def test_a_batch_is_written_at_the_end_of_its_block(db):
    with db.batch() as batch:
        batch[b"a"] = b"1"
        batch.put(b"b", b"2")
        del batch[b"a"]
        batch.delete(b"never there")
        assert len(batch) == 4
        assert b"b" not in db
    assert list(db.items()) == [(b"b", b"2")] and len(batch) == 0
    with pytest.raises(ZeroDivisionError), db.batch(wal_mode="sync") as batch:
        batch[b"c"] = b"3"
        1 / 0
    assert b"c" not in db
    batch = db.batch()
    batch[b"d"] = b"4"
    assert batch.commit() == 5
    batch[b"e"] = b"5"
    batch.clear()
    batch.commit()
    assert list(db) == [b"b", b"d"]


def test_a_snapshot_stays_as_it_is(fruit):
    with fruit.snapshot() as snapshot:
        assert snapshot.sequence == 4
        fruit[b"apple"] = b"eaten"
        del fruit[b"cherry"]
        fruit.flush()
        fruit.compact()
        assert snapshot[b"apple"] == b"red" and snapshot.get(b"cherry") == b"red"
        assert b"cherry" in snapshot and b"cherry" not in fruit
        assert snapshot.get_many([b"apple", b"x"]) == [b"red", None]
        assert list(snapshot) == [b"apple", b"banana", b"blueberry", b"cherry"]
        assert dict(snapshot.items(prefix=b"b", reverse=True)) == {b"banana": b"yellow", b"blueberry": b"blue"}
        late = snapshot.items()
    assert snapshot.closed
    assert len(list(late)) == 4  # made before
    with pytest.raises(quiver.ClosedError, match="snapshot"):
        snapshot[b"apple"]
    with pytest.raises(quiver.ClosedError):
        snapshot.sequence


def test_settings_by_name_and_presets(tmp_path):
    with quiver.Database(tmp_path / "a", preset="memory_efficient", memtable_kind="trie", memory_limit_bytes="64MiB",
                         verify_output=False, filter_bits_per_key=12) as db:
        settings = db.settings()
        assert settings["memtable_kind"] == "trie" and settings["memory_limit_bytes"] == "64MiB"
        assert settings["verify_output"] == "false" and settings["filter_bits_per_key"] == "12"
        assert settings["wal_mode"] == "batch"
        assert db.path == str(tmp_path / "a") and str(tmp_path / "a") in repr(db)
    # An existing database keeps what is stored with it.
    with quiver.Database(tmp_path / "a", wal_mode="async") as db:
        assert db.settings()["memtable_kind"] == "trie" and db.settings()["wal_mode"] == "async"
    with quiver.Database(os.fsencode(tmp_path / "b")) as db:
        assert db.settings()["memtable_kind"] == "enhanced_skiplist"


def test_read_only(path):
    with quiver.Database(path) as db:
        db[b"a"] = b"1"
    with quiver.Database(path, read_only=True) as db:
        assert db[b"a"] == b"1"
        with pytest.raises(quiver.ReadOnlyError):
            db[b"a"] = b"2"
        with pytest.raises(quiver.ReadOnlyError):
            db.put_many({})
    with pytest.raises(TypeError, match="stored"):
        quiver.Database(path, read_only=True, wal_mode="sync")
    with pytest.raises(quiver.NotFoundError):
        quiver.Database(path.parent / "none", read_only=True)
    assert not (path.parent / "none").exists()


def test_maintenance_metrics_and_reports(fruit, path):
    fruit.sync()
    assert fruit.durable_sequence == 4
    fruit.put(b"x", b"y", wal_mode="sync")
    assert fruit.durable_sequence == 5
    fruit[b"z"] = b"1"
    fruit.wait_durable(6)
    fruit.flush()
    fruit.compact(b"a", b"c")
    fruit.compact()
    fruit.wait_for_background_work()
    metrics = fruit.metrics()
    assert metrics["wal"]["last_sequence"] == metrics["wal"]["durable_sequence"] == 6
    assert "memtable" in fruit.metrics_text() and "# TYPE quiver_" in fruit.metrics_prometheus()
    assert fruit.recovery_report()["created"] is True
    fruit.close()
    report = quiver.verify(path)
    assert report["damages"] == [] and report["entries"] >= 6
    copy = pathlib.Path(f"{path}-copy")
    assert quiver.repair(path, copy)["entries_recovered"] == 6
    with quiver.Database(copy) as db:
        assert len(list(db)) == 6 and db.recovery_report()["created"] is False
