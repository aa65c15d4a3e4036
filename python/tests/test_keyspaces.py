"""Keyspaces: apart from each other, atomic together, with all that a database has."""
import threading

import pyarrow
import pytest
import quiver


@pytest.fixture
def users(db):
    return db.keyspace("users", create=True)


def test_each_has_keys_of_its_own(db, users):
    db[b"ada"] = b"default"
    users[b"ada"] = b"1815"
    users.put_many({b"bob": b"1912", b"cyd": b"1900"})
    assert (db[b"ada"], users[b"ada"], b"bob" in db, b"bob" in users) == (b"default", b"1815", False, True)
    assert users.get_many([b"cyd", b"none"]) == [b"1900", None] and db.get_many([b"cyd"]) == [None]
    assert list(users.items()) == [(b"ada", b"1815"), (b"bob", b"1912"), (b"cyd", b"1900")]
    assert list(users.keys(b"b", reverse=True)) == [b"cyd", b"bob"] and list(users.values(prefix=b"b")) == [b"1912"]
    assert list(users) == [b"ada", b"bob", b"cyd"] and list(db) == [b"ada"]
    del users[b"ada"]
    users.delete(b"bob")
    with pytest.raises(KeyError):
        del users[b"ada"]
    with pytest.raises(KeyError):
        users[b"ada"]
    assert list(users) == [b"cyd"] and db[b"ada"] == b"default"
    users.compact()
    assert pyarrow.table(users).to_pylist() == [{"key": b"cyd", "value": b"1900"}]
    assert pyarrow.table(users.scan(limit=0)).num_rows == 0
    assert db.keyspace("default")[b"ada"] == b"default"


def test_made_once_with_settings_for_good(path):
    with quiver.Database(path) as db:
        trie = db.keyspace("trie", create=True, memtable_kind="trie", compression="lz4")
        assert (trie.name, repr(trie)) == ("trie", "<quiver.Keyspace 'trie'>")
        trie[b"k"] = b"v"
        with pytest.raises(quiver.NotFoundError, match="nobody"):
            db.keyspace("nobody")
    with quiver.Database(path) as db:
        assert db.keyspaces() == ["default", "trie"]
        trie = db.keyspace("trie", create=True, memtable_kind="trie")
        assert trie[b"k"] == b"v" and db.keyspace("trie", create=True)[b"k"] == b"v"
        assert (trie.settings()["memtable_kind"], db.settings()["memtable_kind"] != "trie") == ("trie", True)
        with pytest.raises(quiver.InvalidArgumentError, match="memtable_kind = trie, not vector"):
            db.keyspace("trie", create=True, memtable_kind="vector")
        with pytest.raises(TypeError, match="create=True"):
            db.keyspace("trie", memtable_kind="trie")
        with pytest.raises(TypeError, match="memtable_kind"):
            db.keyspace("other", create=True, memtable_knd="trie")
        with pytest.raises(quiver.InvalidArgumentError, match="wal_mode"):
            db.keyspace("other", create=True, wal_mode="async")
        for name in ("", "a\nb", "x" * 256):
            with pytest.raises(quiver.InvalidArgumentError):
                db.keyspace(name, create=True)
        assert db.keyspaces() == ["default", "trie"]
    with quiver.Database(path, read_only=True) as db:
        assert db.keyspace("trie", create=True)[b"k"] == b"v"
        with pytest.raises(quiver.ReadOnlyError):
            db.keyspace("new", create=True)


def test_threads_that_make_the_same_one_share_it(db):
    made = []
    threads = [threading.Thread(target=lambda: made.append(db.keyspace("same", create=True))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, keyspace in enumerate(made):
        keyspace[b"%d" % number] = b""
    assert len(made) == 8 == len(list(db.keyspace("same"))) and db.keyspaces() == ["default", "same"]


def test_dropped_and_closed(db, users, path):
    users[b"k"] = b"v"
    rows = iter(users.items())
    db.drop_keyspace("users")
    assert next(rows) == (b"k", b"v")
    for call in (lambda: users[b"k"], lambda: users.put(b"k", b"v"), lambda: list(users), users.settings, users.compact,
                 lambda: db.drop_keyspace(users), lambda: db.keyspace("users")):
        with pytest.raises(quiver.NotFoundError, match="users"):
            call()
    again = db.keyspace("users", create=True)
    assert list(again) == []
    db.drop_keyspace(again)
    with pytest.raises(quiver.InvalidArgumentError, match="default"):
        db.drop_keyspace("default")
    for wrong in (None, 7, b"users"):
        with pytest.raises(TypeError, match="name"):
            db.drop_keyspace(wrong)
    last = db.keyspace("last", create=True)
    with quiver.Database(str(path) + "2") as other, pytest.raises(quiver.Error):
        with other.batch() as batch:
            batch.put(b"k", b"v", keyspace=last)
    db.close()
    with pytest.raises(quiver.ClosedError):
        last[b"k"]
    with pytest.raises(quiver.ClosedError):
        db.keyspaces()


def test_batches_over_several_are_atomic(db, users):
    with db.batch() as batch:
        batch[b"n"] = b"1"
        batch.put(b"ada", b"1815", keyspace=users)
        batch.put(b"bob", b"1912", keyspace="users")
        batch.delete(b"bob", keyspace=users)
    assert dict(db.items()) == {b"n": b"1"} and dict(users.items()) == {b"ada": b"1815"}
    with users.batch() as batch:  # its own keyspace where none is named
        batch[b"cyd"] = b"1900"
        batch[b"dan"] = b"1901"
        del batch[b"dan"]
        batch.put(b"n", b"2", keyspace="default")
        batch.delete_range(b"a", b"b")
        assert len(batch) == 5
    assert dict(db.items()) == {b"n": b"2"} and dict(users.items()) == {b"cyd": b"1900"}
    gone = db.keyspace("gone", create=True)
    batch = db.batch()
    batch[b"n"] = b"3"
    batch.put(b"k", b"v", keyspace=gone)
    db.drop_keyspace(gone)
    with pytest.raises(quiver.NotFoundError, match="gone"):
        batch.commit()
    assert db[b"n"] == b"2" and len(batch) == 2
    with pytest.raises(quiver.NotFoundError, match="gone"):
        batch.delete(b"k", keyspace="gone")
    with pytest.raises(TypeError, match="name"):
        batch.put(b"k", b"v", keyspace=7)


def test_a_snapshot_shows_one_moment_of_all(db, users):
    db[b"k"], users[b"k"] = b"1", b"1"
    snapshot, of_users = db.snapshot(), users.snapshot()
    db[b"k"], users[b"k"] = b"2", b"2"
    late = db.keyspace("late", create=True)
    late[b"k"] = b"2"
    assert (snapshot[b"k"], snapshot.keyspace("users")[b"k"], of_users[b"k"], of_users.keyspace("default")[b"k"]) == (b"1",) * 4
    assert list(snapshot.keyspace(late)) == [] and snapshot.keyspaces() == ["default", "users", "late"]
    view = snapshot.keyspace(users)
    snapshot.close()
    assert view[b"k"] == b"1" and view.sequence == of_users.sequence
    assert pyarrow.table(view)["value"].to_pylist() == [b"1"]
    with pytest.raises(quiver.ClosedError):
        snapshot.keyspace("users")


def test_every_keyspace_is_a_table(db, users):
    db.put_many({b"1": b"red", b"2": b"blue"})
    users.put_many({b"ada": b"1", b"bob": b"2"})
    odd = db.keyspace('odd "name"', create=True)
    odd[b"k"] = b"odd"
    query = "select decode(users.key), decode(db.value) from users join {} db on users.value = db.key order by 1"
    joined = [("ada", "red"), ("bob", "blue")]
    assert db.sql(query.format("db")).fetchall() == joined
    snapshot = db.snapshot()
    users[b"cyd"] = b"1"
    assert snapshot.sql(query.format('"default"')).fetchall() == joined
    assert users.sql("select count(*) from db").fetchall() == [(3,)]
    assert db.sql('select decode(value) from "odd ""name"""').fetchall() == [("odd",)]
    assert db.sql("select count(*) from USERS").fetchall() == [(3,)]
    upper = db.keyspace("Users", create=True)
    with pytest.raises(Exception, match="(?i)users"):
        db.sql("select * from users")
    assert db.sql("select count(*) from u", u=upper).fetchall() == [(0,)]
    assert db.sql("select count(*) from odd", odd=users).fetchall() == [(3,)]
