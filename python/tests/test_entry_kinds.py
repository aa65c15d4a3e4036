"""Time to live, range deletes and merges."""
import datetime
import time

import pyarrow
import pytest
import quiver

UTC = datetime.UTC


def now():
    return datetime.datetime.now(UTC)


@pytest.fixture
def visits(db):
    return db.keyspace("visits", create=True, merge_operator="add_int64")


def test_a_time_to_live(db):
    hour = datetime.timedelta(hours=1)
    before = now()
    db.put(b"seconds", b"", ttl=3600)
    db.put(b"delta", b"", ttl=hour)
    db.put_many({b"many": b""}, ttl=3600.0)
    with db.batch() as batch:
        batch.put(b"batched", b"", ttl=hour)
    users = db.keyspace("users", create=True)
    users.put(b"users", b"", ttl=hour)
    for key in (b"seconds", b"delta", b"many", b"batched"):
        assert before + hour <= db.expiry(key) <= now() + hour and db.snapshot().expiry(key) == db.expiry(key)
    assert before + hour <= users.expiry(b"users") <= now() + hour
    moment = datetime.datetime(2100, 1, 2, 3, 4, 5, 678901, UTC)
    db.put(b"moment", b"", expires_at=moment)
    db.put(b"zone", b"", expires_at=moment.astimezone(datetime.timezone(datetime.timedelta(hours=-9))))
    db.put(b"number", b"", expires_at=4102542245)
    db.put(b"ever", b"")
    assert db.expiry(b"moment") == moment == db.expiry(b"zone") and db.expiry(b"moment").tzinfo is UTC
    assert db.expiry(b"number") == datetime.datetime.fromtimestamp(4102542245, UTC)
    assert db.expiry(b"ever") is None
    db.put(b"late", b"", expires_at=1e13)  # the year 318857, which no datetime can say
    assert db.expiry(b"late") == datetime.datetime.max.replace(tzinfo=UTC)
    with pytest.raises(KeyError):
        db.expiry(b"absent")


def test_what_has_expired_is_gone(db):
    db[b"k"] = b"old"
    db.put(b"k", b"new", ttl=0.05)
    db.put(b"past", b"", expires_at=1)
    snapshot = db.snapshot()
    deadline = time.monotonic() + 20
    while b"k" in db and time.monotonic() < deadline:
        time.sleep(0.01)
    assert b"k" not in db and b"past" not in db and list(db) == [] and pyarrow.table(db).num_rows == 0
    assert db.get_many([b"k"]) == [None]
    with pytest.raises(KeyError):
        db.expiry(b"k")
    assert list(snapshot) in ([b"k"], [])  # as of when it was taken, which a slow machine may do too late


def test_times_that_are_none(db):
    wrong = [({"ttl": 0}, ValueError), ({"ttl": -1}, ValueError), ({"ttl": datetime.timedelta(0)}, ValueError), ({"ttl": "1"}, TypeError),
             ({"ttl": True}, TypeError), ({"ttl": float("nan")}, ValueError), ({"ttl": float("inf")}, OverflowError),
             ({"ttl": 10**20}, ValueError), ({"expires_at": datetime.datetime(2100, 1, 1)}, ValueError),
             ({"expires_at": datetime.datetime(1969, 1, 1, tzinfo=UTC)}, ValueError), ({"expires_at": 0}, ValueError),
             ({"expires_at": datetime.date(2100, 1, 1)}, TypeError), ({"ttl": 1, "expires_at": 1}, TypeError)]
    batch = db.batch()
    for arguments, kind in wrong:
        for call in (lambda a: db.put(b"k", b"", **a), lambda a: db.put_many({b"k": b""}, **a), lambda a: batch.put(b"k", b"", **a)):
            with pytest.raises(kind):
                call(arguments)
    with pytest.raises(TypeError):
        db.delete(b"k", ttl=1)
    assert list(db) == [] and len(batch) == 0


def test_range_deletes(fruit):
    fruit.delete_range(b"b", b"c")
    assert list(fruit) == [b"apple", b"cherry"]
    with fruit.batch() as batch:
        batch[b"avocado"] = b"green"
        batch.delete_range(b"a", b"b")
        batch[b"apricot"] = b"orange"
    assert list(fruit) == [b"apricot", b"cherry"]
    for start, stop in ((None, b"c"), (b"a", None), ("a", b"c")):
        with pytest.raises(TypeError, match="bytes-like"):
            fruit.delete_range(start, stop)
    assert list(fruit) == [b"apricot", b"cherry"]


def test_counters(db, visits):
    for _ in range(10):
        visits.merge(b"home", 3)
    visits.merge(b"home", -1)
    visits.merge(b"home", quiver.encode_int64(1))
    with db.batch() as batch:
        batch.merge(b"home", 70, keyspace=visits)
        batch.merge(b"away", -(2**63), keyspace=visits)
    visits.put(b"put", quiver.encode_int64(40))
    visits.merge(b"put", 2, ttl=3600)
    assert (visits.counter(b"home"), visits.counter(b"away"), visits.counter(b"none"), visits.counter(b"put")) == (100, -(2**63), 0, 42)
    assert visits.snapshot().counter(b"home") == 100 and db.snapshot().keyspace("visits").counter(b"home") == 100
    assert visits[b"home"] == quiver.encode_int64(100) and quiver.decode_int64(visits[b"home"]) == 100
    visits.compact()
    assert [quiver.decode_int64(value) for value in visits.values()] == [-(2**63), 100, 42]
    for wrong, kind in ((2**63, OverflowError), (b"short", quiver.InvalidArgumentError), ("1", TypeError), (1.5, TypeError), (None, TypeError)):
        with pytest.raises(kind):
            visits.merge(b"home", wrong)
    assert visits.counter(b"home") == 100
    visits[b"text"] = b"no"
    with pytest.raises(quiver.InvalidArgumentError, match="2 bytes"):
        visits.counter(b"text")
    for wrong in (b"", b"123456789"):
        with pytest.raises(ValueError):
            quiver.decode_int64(wrong)


def test_appends_and_keyspaces_without_operator(db):
    log = db.keyspace("log", create=True, merge_operator="append")
    for word in (b"a", b"b", b"c"):
        log.merge(b"words", word)
    assert log[b"words"] == b"abc"
    for keyspace in (log, log.batch()):
        with pytest.raises(TypeError, match="append"):
            keyspace.merge(b"words", 1)
    with pytest.raises(TypeError, match="none"):
        db.merge(b"k", 1)
    with pytest.raises(quiver.InvalidArgumentError, match="merge_operator"):
        db.merge(b"k", b"v")
    assert list(db) == []


def test_operators_in_python_are_refused(path):
    with pytest.raises(TypeError, match="cannot be written in Python"):
        quiver.Database(path, merge_operator=max)
    with pytest.raises(quiver.InvalidArgumentError, match="custom"):
        quiver.Database(path, merge_operator="custom")
    assert not path.exists() or not list(path.glob("*.arrow"))
