"""close() with live iterators, snapshots and threads; fork; the end of the interpreter."""
import collections
import gc
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest
import quiver


def test_everything_says_closed_after_close(fruit):
    snapshot, fresh, started, batch, scan = fruit.snapshot(), fruit.items(), fruit.items(), fruit.batch(), fruit.scan()
    next(started)
    batch[b"a"] = b"1"
    assert not fruit.closed
    fruit.close()
    fruit.close()
    assert fruit.closed and "closed" in repr(fruit)
    calls = (lambda: fruit[b"apple"], lambda: fruit.put(b"a", b"b"), lambda: fruit.delete(b"a"), lambda: b"apple" in fruit,
             lambda: fruit.get_many([b"a"]), lambda: fruit.put_many({b"a": b"b"}), fruit.items, fruit.snapshot, fruit.flush,
             fruit.compact, fruit.sync, lambda: iter(fruit), fruit.scan, fruit.__arrow_c_stream__, lambda: fruit.sql("select 1 from db"),
             lambda: snapshot[b"apple"], snapshot.items, snapshot.__arrow_c_stream__, lambda: next(fresh), lambda: next(started),
             lambda: next(started), batch.commit, scan.__arrow_c_stream__)
    for number, call in enumerate(calls):
        with pytest.raises(quiver.ClosedError):
            call()
            pytest.fail(f"call {number} was answered")
    assert len(batch) == 1  # a failed commit keeps what was added
    assert fruit.metrics()["wal"]["last_sequence"] == 4


def test_children_keep_a_dropped_database_alive(path):
    snapshot = quiver.Database(path).snapshot()
    gc.collect()
    assert list(snapshot.items()) == []
    with pytest.raises(quiver.BusyError):
        quiver.Database(path)
    del snapshot  # the last one closes it
    gc.collect()
    with quiver.Database(path) as db:
        db[b"a"] = b"1"
        cursor = db.items()
    with pytest.raises(quiver.ClosedError):
        next(cursor)


def test_close_under_readers_writers_and_iterators(path):
    for _ in range(5):
        db = quiver.Database(path, wal_mode="async")
        db.put_many((f"{i:05d}".encode(), bytes(200)) for i in range(3000))
        answered, wrong = [0], []

        def use(work):
            try:
                while True:
                    work()
                    answered[0] += 1
            except quiver.ClosedError:
                pass
            except BaseException as error:  # noqa: BLE001: whatever else it is, the test must see it
                wrong.append(error)

        work = (lambda: db.put(b"00007", bytes(300)), lambda: db[b"00100"], lambda: sum(1 for _ in db.items()),
                lambda: db.get_many([b"00001", b"02999"]), lambda: list(db.snapshot().keys(b"01")), db.flush)
        threads = [threading.Thread(target=use, args=(part,)) for part in work]
        for thread in threads:
            thread.start()
        while answered[0] < 50 and not wrong:
            time.sleep(0.01)
        db.close()
        for thread in threads:
            thread.join(timeout=60)
            assert not thread.is_alive()
        assert not wrong
    assert quiver.verify(path)["damages"] == []


def test_signals_arrive_in_scans_and_loads_that_run_no_python_code(db):
    class Interrupted(Exception):
        pass

    def interrupt(*_):
        raise Interrupted

    db.put_many((b"%07d" % i, b"v") for i in range(300_000))
    items = db.items()
    pairs = zip(itertools.repeat(b"k", 5_000_000), itertools.repeat(b"v"))
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for work, rest in ((lambda: collections.deque(items, maxlen=0), items), (lambda: db.put_many(pairs), pairs)):
            signal.setitimer(signal.ITIMER_REAL, 0.005)
            with pytest.raises(Interrupted):
                work()
            assert next(rest, None) is not None  # it ended in the middle, and can go on
    finally:
        signal.signal(signal.SIGALRM, before)
    assert sum(1 for _ in db) == 300_000


def test_other_threads_run_while_the_engine_works(path):
    """A blocked engine call must not hold the GIL: a compaction runs, Python counts."""
    with quiver.Database(path, wal_mode="async") as db:
        db.put_many(((os.urandom(12), os.urandom(300)) for _ in range(60000)), atomic=False)
        counted, done = [0], threading.Event()

        def compact():
            db.flush()
            db.compact()
            done.set()

        worker = threading.Thread(target=compact)
        worker.start()
        while not done.is_set():
            counted[0] += 1
            time.sleep(0)
        worker.join()
    assert counted[0] > 100


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python 3.12 warns of forks under threads
def test_a_fork_is_refused_and_harms_nothing(fruit):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for call in (lambda: fruit[b"apple"], lambda: fruit.put(b"a", b"b"), lambda: list(fruit), fruit.snapshot, fruit.close):
                try:
                    call()
                    os._exit(2)
                except quiver.Error as error:
                    if "fork" not in str(error):
                        os._exit(3)
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    fruit[b"after"] = b"fork"
    assert len(list(fruit)) == 5


@pytest.mark.parametrize("ending", ["", "raise SystemExit(0)", "import gc; gc.freeze()", "snapshot = items = None"])
def test_a_database_left_open_is_closed_at_exit(path, ending):
    program = f"""
        import quiver
        db = quiver.Database({str(path)!r}, wal_mode="async")
        for i in range(1000): db[b"%d" % i] = b"x"
        snapshot, items = db.snapshot(), db.items()
        next(items)
        db.self = db  # a cycle
        {ending}
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    with quiver.Database(path, read_only=True) as db:
        assert db.recovery_report()["clean_shutdown"] is True
        assert len(list(db)) == 1000


def test_daemon_threads_at_exit(path):
    program = f"""
        import quiver, threading, time
        db = quiver.Database({str(path)!r}, wal_mode="async")
        def write():
            i = 0
            while True:
                db[b"%d" % i] = b"x" * 100
                i += 1
        for _ in range(3): threading.Thread(target=write, daemon=True).start()
        threading.excepthook = lambda *_: None
        time.sleep(0.2)
    """
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    assert quiver.verify(path)["damages"] == []


def test_nothing_grows_while_objects_come_and_go(fruit):
    def use():
        for _ in range(200):
            snapshot = fruit.snapshot()
            list(snapshot.items())
            snapshot.scan().__arrow_c_stream__()
            fruit.get_many([b"apple", b"none"])
            try:
                fruit[7]
            except TypeError:
                pass

    use()
    gc.collect()
    before = len(gc.get_objects())
    use()
    gc.collect()
    assert len(gc.get_objects()) < before + 100
    assert fruit.metrics()["health"]["snapshots"] == 0
