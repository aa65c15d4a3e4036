"""A follower reads what another process writes, moves on when told to, and what it has shown stays what it is."""
import os
import subprocess
import sys
import textwrap
import threading

import duckdb
import polars
import pyarrow
import pytest
import quiver


@pytest.fixture
def follower(fruit):
    with quiver.Follower(fruit.path) as follower:
        yield follower


def test_it_reads_as_a_dict_and_moves_when_told(fruit, follower):
    assert follower[b"apple"] == b"red" and follower.get(b"date") is None and b"cherry" in follower
    assert list(follower) == [b"apple", b"banana", b"blueberry", b"cherry"]
    assert list(follower.items(prefix=b"b", reverse=True)) == [(b"blueberry", b"blue"), (b"banana", b"yellow")]
    assert follower.get_many([b"apple", b"none"]) == [b"red", None]
    assert follower.refresh() is False and follower.sequence == 4
    fruit[b"date"] = b"brown"
    del fruit[b"apple"]
    assert b"date" not in follower
    assert follower.refresh() is True and follower.sequence == 6
    assert follower[b"date"] == b"brown"
    with pytest.raises(KeyError):
        follower[b"apple"]
    fruit.flush()
    fruit.compact()
    follower.refresh()
    assert list(follower.items()) == list(fruit.items())


def test_what_was_shown_stays(fruit, follower):
    cursor, snapshot, scan = follower.items(), follower.snapshot(), follower.scan(columns=["key"])
    assert next(cursor) == (b"apple", b"red")
    fruit.delete_range(b"a", b"z")
    fruit[b"zucchini"] = b"green"
    fruit.flush()
    fruit.compact()
    assert follower.refresh()
    assert list(follower) == [b"zucchini"]
    assert list(cursor) == [(b"banana", b"yellow"), (b"blueberry", b"blue"), (b"cherry", b"red")]
    assert snapshot[b"apple"] == b"red" and len(list(snapshot.keys())) == 4
    assert pyarrow.table(scan)["key"].to_pylist() == [b"apple", b"banana", b"blueberry", b"cherry"]


def test_keyspaces_move_with_it(fruit, follower):
    with pytest.raises(quiver.NotFoundError):
        follower.keyspace("users")
    users = fruit.keyspace("users", create=True)
    users[b"ada"] = b"1815"
    follower.refresh()
    assert follower.keyspaces() == ["default", "users"]
    followed = follower.keyspace("users")
    snapshot = followed.snapshot()
    assert followed[b"ada"] == b"1815" and followed.name == "users"
    users[b"bob"] = b"1912"
    follower.refresh()
    assert list(followed) == [b"ada", b"bob"] and list(snapshot) == [b"ada"]
    assert snapshot.keyspaces() == ["default", "users"]
    fruit.drop_keyspace("users")
    follower.refresh()
    with pytest.raises(quiver.NotFoundError):
        followed[b"ada"]


def test_dataframes_and_sql_of_the_live_database(fruit, follower):
    assert pyarrow.table(follower)["key"].to_pylist() == polars.DataFrame(follower)["key"].to_list() == list(fruit)
    assert duckdb.sql("select count(*) from follower").fetchall() == [(4,)]
    users = fruit.keyspace("users", create=True)
    users[b"ada"] = b"1815"
    follower.refresh()
    assert follower.sql('select decode(db.key), decode(users.key) from db, users order by 1 limit 1').fetchall() == [("apple", "ada")]
    assert follower.keyspace("users").sql("select count(*) from db").fetchall() == [(1,)]


WRITER = """
    import sys, quiver
    db = quiver.Database(sys.argv[1], wal_mode="async")
    other = db.keyspace("other", create=True)
    number = 0
    while True:
        number += 1
        with db.batch() as batch:
            batch[b"last"] = b"%d" % number
            batch[b"slot%d" % (number % 100)] = b"%d" % number
            batch.put(b"last", b"%d" % number, keyspace=other)
        if number % 700 == 0: db.flush()
        print(number, flush=True)
"""


def test_another_process_writes_and_is_killed(path):
    writer = subprocess.Popen([sys.executable, "-c", textwrap.dedent(WRITER), str(path)], stdout=subprocess.PIPE, text=True)
    try:
        acknowledged = int(writer.stdout.readline())
        follower = quiver.Follower(path)
        other = follower.keyspace("other")
        for _ in range(20):
            for _ in range(300):
                acknowledged = int(writer.stdout.readline())
            follower.refresh()
            snapshot = follower.snapshot()
            last = int(snapshot[b"last"])
            assert last >= acknowledged and int(snapshot.keyspace("other")[b"last"]) == last  # whole batches
            assert max(int(value) for value in snapshot.values(prefix=b"slot")) == last
            assert int(other[b"last"]) == last
    finally:
        writer.kill()
        writer.communicate()
    follower.refresh()
    assert int(follower[b"last"]) >= acknowledged
    follower.close()
    with quiver.Database(path) as db:  # nothing of the follower is in the way
        assert int(db[b"last"]) >= acknowledged


def test_copies_of_what_another_process_writes(fruit, follower, tmp_path):
    report = follower.checkpoint(tmp_path / "copy")
    assert report["sequence"] == 4
    backup = follower.backup(tmp_path / "backups")
    quiver.restore_backup(tmp_path / "backups", backup["id"], tmp_path / "restored")
    for copy in ("copy", "restored"):
        with quiver.Database(tmp_path / copy) as made:
            assert list(made.items()) == list(fruit.items())
    assert follower.export_dataset(tmp_path / "dataset")["rows"] == 4
    assert follower.metrics()["keyspaces"][0]["name"] == "default" and "wal_mode" in follower.settings()
    assert follower.recovery_report()["last_sequence"] == 4
    with pytest.raises(TypeError):
        follower.export_dataset(tmp_path / "dataset2", compact=True)


def test_close_reaches_everything_that_it_gave(fruit):
    follower = quiver.Follower(fruit.path)
    old = (follower.items(), follower.snapshot(), follower.scan())
    fruit[b"date"] = b"brown"
    assert follower.refresh() and not follower.closed
    new = (follower.items(), follower.snapshot(), follower.scan())
    next(old[0]), next(new[0])
    follower.close()
    follower.close()
    assert follower.closed and "closed" in repr(follower)
    for cursor, snapshot, scan in (old, new):
        for call in (lambda: next(cursor), lambda: snapshot[b"apple"], scan.__arrow_c_stream__):
            with pytest.raises(quiver.ClosedError):
                call()
    for call in (lambda: follower[b"apple"], follower.refresh, follower.snapshot, follower.items, lambda: follower.keyspace("default"),
                 lambda: follower.checkpoint("x")):
        with pytest.raises(quiver.ClosedError):
            call()
    assert fruit[b"date"] == b"brown"


def test_threads_read_while_it_moves_and_closes(path):
    with quiver.Database(path, wal_mode="async") as db:
        for _ in range(3):
            db.put_many((b"%05d" % i, b"0") for i in range(500))
            follower, wrong, answered = quiver.Follower(path), [], [0]

            def use(work):
                try:
                    while True:
                        work()
                        answered[0] += 1
                except quiver.ClosedError:
                    pass
                except BaseException as error:  # noqa: BLE001: whatever it is, the test must see it
                    wrong.append(error)

            def whole():
                assert len({*follower.snapshot().values()}) == 1

            work = (whole, follower.refresh, lambda: sum(1 for _ in follower), lambda: follower[b"00100"], follower.refresh,
                    lambda: pyarrow.table(follower.snapshot()))
            threads = [threading.Thread(target=use, args=(part,)) for part in work]
            for thread in threads:
                thread.start()
            for number in range(1, 30):
                db.put_many((b"%05d" % i, b"%d" % number) for i in range(500))
            follower.close()
            for thread in threads:
                thread.join(timeout=60)
                assert not thread.is_alive()
            # A consumer of Arrow streams says in its own words that the database was closed.
            assert all("closed" in str(error) for error in wrong), wrong
            assert answered[0] > 0


def test_a_follower_left_open_is_closed_at_exit(fruit):
    program = f"""
        import quiver
        follower = quiver.Follower({str(fruit.path)!r})
        items, snapshot = follower.items(), follower.snapshot()
        next(items)
        follower.self = follower  # a cycle
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_refused(fruit, follower, tmp_path):
    with pytest.raises(quiver.NotFoundError):
        quiver.Follower(tmp_path / "nowhere")
    for bad in (None, 7):
        with pytest.raises(TypeError):
            quiver.Follower(bad)
    with pytest.raises(TypeError):
        follower[b"a"] = b"b"
    assert not hasattr(follower, "put") and not hasattr(follower.keyspace("default"), "put")
    fruit.close()
    fruit_path = follower.path
    os.rename(fruit_path, tmp_path / "aside")
    quiver.Database(fruit_path).close()  # another one in its place
    with pytest.raises(quiver.InvalidArgumentError, match="another database"):
        follower.refresh()
    assert follower[b"apple"] == b"red"
