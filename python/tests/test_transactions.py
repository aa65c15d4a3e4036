"""Transactions: all or nothing, conflicts, and the helper that tries again."""
import threading

import pytest
import quiver


def test_it_commits_at_the_end_and_nobody_sees_it_before(fruit):
    with fruit.transaction() as transaction:
        transaction[b"apple"] = b"green"
        transaction.put(b"date", b"brown", ttl=3600)
        del transaction[b"banana"]
        transaction.delete(b"none")
        transaction.delete_range(b"bl", b"bz")
        fruit[b"fig"] = b"violet"
        assert (transaction[b"apple"], transaction.get(b"banana"), transaction.get(b"fig", b"-")) == (b"green", None, b"-")
        assert b"date" in transaction and b"blueberry" not in transaction
        assert list(transaction) == [b"apple", b"cherry", b"date"]
        assert list(transaction.items(b"b", reverse=True)) == [(b"date", b"brown"), (b"cherry", b"red")]
        assert list(transaction.keys(prefix=b"a")) == [b"apple"] and list(transaction.values(stop=b"b")) == [b"green"]
        with pytest.raises(KeyError):
            transaction[b"banana"]
        with pytest.raises(KeyError):
            del transaction[b"banana"]
        assert fruit[b"apple"] == b"red" and b"date" not in fruit and transaction.active
    assert not transaction.active
    assert dict(fruit.items()) == {b"apple": b"green", b"cherry": b"red", b"date": b"brown", b"fig": b"violet"}
    assert fruit.expiry(b"date") is not None


def test_an_exception_rolls_back(fruit):
    with pytest.raises(ZeroDivisionError):
        with fruit.transaction() as transaction:
            transaction[b"apple"] = b"green"
            1 / 0
    with fruit.transaction() as transaction:
        transaction[b"apple"] = b"green"
        transaction.rollback()
    assert fruit[b"apple"] == b"red" and not transaction.active
    for call in (lambda: transaction[b"apple"], lambda: transaction.put(b"k", b"v"), lambda: list(transaction), transaction.commit):
        with pytest.raises(quiver.InvalidArgumentError, match="over"):
            call()
    left = fruit.transaction()
    left[b"apple"] = b"green"
    del left
    with fruit.transaction() as transaction:
        transaction[b"apple"] = b"green"
        assert transaction.commit() == transaction.snapshot_sequence + 1
    assert fruit[b"apple"] == b"green"


def test_keyspaces(db):
    users = db.keyspace("users", create=True)
    counts = db.keyspace("counts", create=True, merge_operator="add_int64")
    with db.transaction() as transaction:
        transaction.put(b"ada", b"1815", keyspace=users)
        transaction.put(b"bob", b"1912", keyspace="users")
        transaction.delete(b"bob", keyspace=users)
        transaction.merge(b"n", 5, keyspace=counts)
        transaction[b"k"] = b"v"
        assert transaction.get(b"ada", keyspace=users) == b"1815" and transaction.get(b"ada") is None
        assert list(transaction.items(keyspace=users)) == [(b"ada", b"1815")]
        assert transaction.get(b"n", keyspace="counts") == quiver.encode_int64(5)
        with pytest.raises(quiver.NotFoundError):
            transaction.put(b"k", b"v", keyspace="none")
        with pytest.raises(TypeError):
            transaction.put(b"k", b"v", keyspace=7)
    assert (dict(users.items()), counts.counter(b"n"), dict(db.items())) == ({b"ada": b"1815"}, 5, {b"k": b"v"})


def test_conflicts(fruit):
    transaction = fruit.transaction()
    transaction[b"apple"] = b"green"
    fruit[b"apple"] = b"yellow"
    with pytest.raises(quiver.ConflictError, match="apple") as raised:
        transaction.commit()
    assert raised.value.code == "conflict" and not transaction.active and fruit[b"apple"] == b"yellow"
    for isolation, read, conflicts in (("snapshot", lambda t: t[b"apple"], False), ("serializable", lambda t: t[b"apple"], True),
                                       ("serializable", lambda t: t.get(b"apple\0"), False),
                                       ("serializable", lambda t: list(t.keys(b"a", b"b")), True),
                                       ("serializable", lambda t: next(t.keys()), True),
                                       ("serializable", lambda t: next(t.keys(b"b")), False)):
        transaction = fruit.transaction(isolation=isolation)
        read(transaction)
        transaction[b"mine"] = b""
        fruit[b"apple"] = b"theirs"
        if conflicts:
            with pytest.raises(quiver.ConflictError):
                transaction.commit()
        else:
            transaction.commit()


def test_an_iterator_of_a_serializable_transaction_reads_nothing_ahead(fruit):
    transaction = fruit.transaction(isolation="serializable")
    rows = transaction.items()
    assert next(rows) == (b"apple", b"red")
    transaction[b"mine"] = b""
    fruit[b"cherry"] = b"black"  # behind what was passed over
    transaction.commit()
    assert next(rows) == (b"banana", b"yellow")  # still what the transaction saw


def test_retry_until_nobody_came_first(db):
    db[b"n"] = b"0"
    runs = []

    def add(transaction):
        runs.append(1)
        value = int(transaction[b"n"]) + 1
        transaction[b"n"] = b"%d" % value
        return value

    results = []
    threads = [threading.Thread(target=lambda: results.extend(db.retry(add, attempts=10000) for _ in range(25))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db[b"n"] == b"100" and sorted(results) == list(range(1, 101)) and len(runs) >= 100

    def beaten(transaction):
        runs.append(1)
        transaction[b"n"] = b"mine"
        db[b"n"] = b"theirs"

    runs.clear()
    with pytest.raises(quiver.ConflictError):
        db.retry(beaten, attempts=3)
    assert len(runs) == 3 and db[b"n"] == b"theirs"
    with pytest.raises(ZeroDivisionError):
        db.retry(lambda transaction: transaction.put(b"n", b"%d" % (1 // 0)))
    for attempts in (0, -1):
        with pytest.raises(ValueError):
            db.retry(add, attempts=attempts)


def test_what_is_wrong_is_refused(db, path):
    with pytest.raises(quiver.InvalidArgumentError, match="snapshot and serializable"):
        db.transaction(isolation="none")
    with pytest.raises(TypeError):
        db.transaction("serializable")
    transaction = db.transaction()
    for call in (lambda: transaction.put("k", b""), lambda: transaction.get(7), lambda: transaction.put(b"k", 7), lambda: transaction.__getitem__(None)):
        with pytest.raises(TypeError, match="bytes-like"):
            call()
    with pytest.raises(quiver.InvalidArgumentError):
        transaction[b"k" * 65536] = b""
    transaction[b"k"] = b"v"
    db.close()
    for call in (lambda: transaction[b"k"], transaction.commit, db.transaction):
        with pytest.raises(quiver.ClosedError):
            call()
    with quiver.Database(path, read_only=True) as db:
        transaction = db.transaction()
        assert list(transaction) == [] and transaction.commit() == transaction.snapshot_sequence
        with pytest.raises(quiver.ReadOnlyError):
            with db.transaction() as transaction:
                transaction[b"k"] = b"v"


def test_a_transaction_belongs_to_one_thread_at_a_time(db):
    db.put_many((f"{i:06d}".encode(), b"v" * 100) for i in range(20000))
    transaction = db.transaction()
    rows, refused, passed = transaction.values(), [], []

    def work():
        for i in range(20000):
            try:
                if i % 2:
                    next(rows)
                else:
                    transaction[b"%06d" % i] = transaction.get(b"%06d" % (i + 1), b"")
                passed.append(1)
            except ValueError as error:
                refused.append(error)
            except StopIteration:
                pass

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed and all("another thread" in str(error) for error in refused)
    transaction.commit()
