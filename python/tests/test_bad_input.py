"""Whatever a program does wrong gets a clear exception, and nothing changes."""
import copy
import os
import pickle
import subprocess
import sys
import textwrap
import threading

import pyarrow
import pyarrow.ipc
import pytest
import quiver


def test_wrong_types_are_type_errors(fruit):
    for wrong in ("apple", 7, None, 1.5, [b"a"], object()):
        for call in (lambda: fruit[wrong], lambda: fruit.get(wrong), lambda: wrong in fruit, lambda: fruit.put(wrong, b""),
                     lambda: fruit.put(b"", wrong), lambda: fruit.delete(wrong), lambda: fruit.get_many([b"a", wrong]),
                     lambda: fruit.put_many({b"a": wrong}), lambda: fruit.batch().put(wrong, b"")):
            with pytest.raises(TypeError, match="bytes-like"):
                call()
    with pytest.raises(TypeError, match="encode it first"):
        fruit["apple"] = b"red"
    with pytest.raises(TypeError):
        fruit.items(7)
    with pytest.raises(TypeError):
        fruit.items(b"a", b"b", b"prefix is a keyword")
    for pairs in ([b"ab"], [7], [(b"a",)], [(b"a", b"b", b"c")], 7, b"ab"):
        with pytest.raises(TypeError):
            fruit.put_many(pairs)
    with pytest.raises(TypeError):
        fruit.get_many(7)
    with pytest.raises(BufferError):
        fruit[memoryview(b"abcdef")[::2]] = b""
    with pytest.raises(TypeError):
        len(fruit)
    assert fruit and len(list(fruit)) == 4


def test_texts_and_numbers_of_the_wrong_kind_are_named(fruit, path):
    lone = "\ud800"  # a surrogate, which UTF-8 cannot say
    for wrong in (7, b"x", lone):
        for what, call in (("preset", lambda: quiver.Database(path, preset=wrong)), ("wal_mode", lambda: fruit.put(b"k", b"v", wal_mode=wrong)),
                           ("column", lambda: fruit.scan(columns=[wrong])), ("keyspace", lambda: fruit.drop_keyspace(wrong))):
            with pytest.raises(UnicodeEncodeError if wrong == lone else TypeError, match="surrogates" if wrong == lone else what):
                call()
    for settings in ({"memtable_kind": lone}, {lone: 1}):
        with pytest.raises(UnicodeEncodeError):
            quiver.Database(path, **settings)
    with pytest.raises(TypeError, match="query"):
        fruit.sql(b"select 1")


def test_errors_tell_names_that_are_no_text(fruit, tmp_path):
    base = os.fsencode(tmp_path)
    for call in (lambda: fruit.ingest(base + b"/no\xff.arrow"), lambda: quiver.verify(base + b"/no\xff"), lambda: quiver.Follower(base + b"/no\xff"),
                 lambda: quiver.list_backups(base + b"/no\xff")):
        with pytest.raises(quiver.NotFoundError, match=r"no\\xff") as raised:
            call()
        assert os.fsencode(raised.value.file).rpartition(b"/")[2].startswith(b"no\xff")
    table = pyarrow.table({"k\x1b[31m": ["a"], "größe": ["b"]})
    with pyarrow.OSFile(str(tmp_path / "forged.arrow"), "wb") as sink, pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(quiver.InvalidArgumentError, match=r"'k\\x1b\[31m', 'größe'"):
        fruit.ingest(tmp_path / "forged.arrow")
    data = (tmp_path / "forged.arrow").read_bytes()
    (tmp_path / "forged.arrow").write_bytes(data.replace("größe".encode(), b"gr\xff\xff\xff\xffe"))
    with pytest.raises(quiver.InvalidArgumentError, match=r"gr\\xff"):
        fruit.ingest(tmp_path / "forged.arrow")


def test_limits(fruit):
    with pytest.raises(quiver.InvalidArgumentError, match="65536.*65535") as raised:
        fruit[b"k" * 65536] = b""
    assert raised.value.code == "invalid_argument" and isinstance(raised.value, ValueError)
    with pytest.raises(quiver.InvalidArgumentError, match="536870912"):
        fruit[b"k"] = bytes((512 << 20) + 1)
    with pytest.raises(quiver.InvalidArgumentError):
        fruit.batch().put(b"k" * 65536, b"")
    with pytest.raises(quiver.InvalidArgumentError):
        fruit.wait_durable(2**64 - 1)
    with pytest.raises(TypeError):
        fruit.wait_durable(-1)
    with pytest.raises(quiver.InvalidArgumentError, match="sync"):
        fruit.put(b"k", b"v", wal_mode="snyc")
    assert len(list(fruit)) == 4


def test_paths_and_settings(path, tmp_path):
    for wrong, kind in ((7, TypeError), (None, TypeError), ("", quiver.InvalidArgumentError), ("a\0b", ValueError)):
        with pytest.raises(kind):
            quiver.Database(wrong)
    with pytest.raises(TypeError, match="memtable_kind"):
        quiver.Database(path, memtable_knd="trie")
    with pytest.raises(quiver.InvalidArgumentError, match="memtable_kind"):
        quiver.Database(path, memtable_kind="tree")
    with pytest.raises(TypeError, match="a bool, an int or a str"):
        quiver.Database(path, memory_limit_bytes=1.5)
    with pytest.raises(quiver.InvalidArgumentError):
        quiver.Database(path, memory_limit_bytes=-1)
    with pytest.raises(quiver.InvalidArgumentError):
        quiver.Database(path, memory_limit_bytes=2**70)
    with pytest.raises(quiver.NotFoundError, match="balanced"):
        quiver.Database(path, preset="blanced")
    with pytest.raises(quiver.InvalidArgumentError, match="run_count"):
        quiver.Database(path, slowdown_run_count=30, stop_run_count=20)
    with pytest.raises(quiver.NotFoundError):
        quiver.Database(path, create_if_missing=False)
    assert not path.exists() or not any(path.iterdir())
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(quiver.Error):
        quiver.Database(tmp_path / "file")


def test_a_second_opener_is_refused_with_the_holder(db, path):
    with pytest.raises(quiver.BusyError, match=str(os.getpid())):
        quiver.Database(path)
    other = subprocess.run([sys.executable, "-c", f"import quiver; quiver.Database({str(path)!r})"], capture_output=True, text=True)
    assert other.returncode == 1 and "BusyError" in other.stderr


def test_damage_names_file_and_offset(path):
    with quiver.Database(path) as db:
        db.put_many({b"%06d" % i: b"v" * 50 for i in range(2000)})
        db.flush()
    [table] = path.glob("*.arrow")
    data = bytearray(table.read_bytes())
    data[len(data) // 3] ^= 1
    table.write_bytes(data)
    [damage] = quiver.verify(path)["damages"]
    assert damage["file"] == table.name and damage["offset"] > 0
    with quiver.Database(path) as db, pytest.raises(quiver.CorruptionError) as raised:
        list(db.items())
    assert raised.value.file == table.name and raised.value.offset == damage["offset"]
    assert raised.value.code == "corruption" and table.name in str(raised.value)


def test_pickle_and_copy_are_refused(fruit):
    for thing in (fruit, fruit.snapshot(), fruit.items(), fruit.batch(), fruit.scan()):
        for refused in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="pickled or copied"):
                refused(thing)


def test_objects_are_made_by_a_database_only():
    for kind in (quiver.Snapshot, quiver.Cursor, quiver.Batch, quiver.Scan):
        with pytest.raises(TypeError):
            kind()
    with pytest.raises(TypeError):
        quiver.Database()


def test_half_made_objects_are_refused(fruit, tmp_path):
    with pytest.raises(TypeError), pytest.warns(RuntimeWarning, match="already-initialized"):
        fruit.__init__(tmp_path / "other")
    assert len(list(fruit)) == 4
    empty = quiver.Database.__new__(quiver.Database)
    for call in (lambda: empty[b"a"], empty.close, lambda: list(empty), empty.snapshot):
        with pytest.raises(TypeError), pytest.warns(RuntimeWarning, match="uninitialized"):
            call()


def test_a_subinterpreter_is_refused_and_the_main_one_works_on(path):
    program = f"""
        import quiver
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        inside = "import sys; sys.path[:] = %r\\ntry: import quiver\\nexcept ImportError as error: print(error, flush=True)"
        with quiver.Database({str(path)!r}) as db:
            other = interpreters.create()
            interpreters.run_string(other, inside % (__import__("sys").path,))
            interpreters.destroy(other)
            db[b"a"] = b"1"
            print(db[b"a"])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    refused, value = done.stdout.splitlines()
    assert "main" in refused and value == "b'1'"


def test_every_error_code_has_its_exception():
    from quiver import _errors

    codes = ("invalid_argument", "not_found", "io", "no_space", "corruption", "unsupported", "busy", "read_only", "closed", "internal", "conflict")
    kinds = {type(_errors.make(code, "text", "", None)) for code in codes}
    assert len(kinds) == len(codes) == len(_errors._BY_CODE)
    assert all(issubclass(kind, quiver.Error) and getattr(quiver, kind.__name__) is kind for kind in kinds)
    error = _errors.make("no_space", "full", "000001.wal", 7)
    assert isinstance(error, OSError) and (str(error), error.file, error.offset) == ("full", "000001.wal", 7)
    assert type(_errors.make("new in a later engine", "text", "", None)) is quiver.InternalError


def test_an_iterator_belongs_to_one_thread_at_a_time(db):
    db.put_many((f"{i:06d}".encode(), b"v" * 100) for i in range(20000))
    items = db.items()
    seen, refused = [], []

    def read():
        while True:
            try:
                seen.append(next(items))
            except ValueError:
                refused.append(1)
            except StopIteration:
                return

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(db.items())  # each row once, whoever got it
