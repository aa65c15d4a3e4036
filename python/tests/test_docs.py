"""The programs of README.md and docs/python.md run as they stand there."""
import os
import pathlib
import re

import pandas
import polars
import pyarrow
import pyarrow.dataset
import pyarrow.parquet
import pytest
import quiver

SOURCE = pathlib.Path(os.environ.get("QUIVER_SOURCE", pathlib.Path(__file__).parents[2]))


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", (SOURCE / page).read_text(), flags=re.M | re.S)


@pytest.mark.parametrize("page", ["README.md", "python/README.md", "docs/python.md"])
def test_the_first_program_of_a_page_runs(page, tmp_path, capsys):
    program = blocks(page)[0]
    assert "/tmp/fruit" in program
    exec(program.replace("/tmp/fruit", str(tmp_path / "fruit")), {"pyarrow": pyarrow})
    assert (capsys.readouterr().out.count("\n")) >= 1


def test_the_lines_on_keyspaces_and_counters_run(tmp_path):
    with quiver.Database(tmp_path / "db") as db:
        for block in blocks("docs/python.md")[1:3]:
            names = {"db": db}
            exec(block, names)
            for line in block.splitlines():  # "expression    # what it is"
                expression, _, said = (part.strip() for part in line.partition("# "))
                if said.startswith("['"):
                    assert said == "['default', 'users']"
                if expression.startswith("visits.counter"):
                    assert eval(expression, names) == eval(said)
        assert list(names["visits"].items()) == [(b"home", quiver.encode_int64(1))]
        assert db.keyspaces() == ["default", "visits"]


def test_the_lines_on_transactions_run(tmp_path):
    with quiver.Database(tmp_path / "db") as db:
        audit = db.keyspace("audit", create=True)
        program = blocks("docs/python.md")[3]
        names = {"db": db}
        exec(program, names)
        assert "db.retry(move)      " in program and "# b'90'" in program
        assert db[b"alice"] == b"90" and audit[b"seen"] == b"alice"


def test_the_lines_on_dataframes_and_sql_run(tmp_path):
    dataframes, sql = blocks("docs/python.md")[4:6]
    with quiver.Database(tmp_path / "db") as db:
        import duckdb

        db[b"user/1"] = b'{"customer": 1}'
        customers = pandas.DataFrame({"id": [1], "name": ["Ada"]})
        names = {"db": db, "duckdb": duckdb, "pandas": pandas, "polars": polars, "pyarrow": pyarrow, "customers": customers}
        results = []
        for line in dataframes.replace("snapshot = db.snapshot()", "").splitlines():
            if expression := line.split("#")[0].strip():
                names["snapshot"] = snapshot = db.snapshot()
                results.append(eval(expression, names, {"snapshot": snapshot}))
        table, polars_frame, pandas_frame, count, reader = results
        assert table.num_rows == polars_frame.height == len(pandas_frame) == 1
        assert count.fetchall() == [(1,)] and reader.read_all().equals(table)
        assert eval(sql.strip(), names).fetchall() == [("Ada", 1)]


def test_the_lines_on_files_copies_and_followers_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ingest, copies, followers = blocks("docs/python.md")[6:9]
    with quiver.Database(tmp_path / "fruit") as db:
        names = {"db": db, "users": db.keyspace("users", create=True), "polars": polars, "pyarrow": pyarrow, "quiver": quiver}
        checked = 0
        for line in (ingest + copies).splitlines():
            expression, _, said = (part.strip() for part in line.partition("# "))
            try:
                value = eval(expression, names)
            except SyntaxError:
                exec(expression, names)
                continue
            if said in ("True", "[]", "0", "2, b'1815'"):
                assert value == eval(said), line
                checked += 1
        assert checked == 5
        exec(followers.replace("/tmp/fruit", str(tmp_path / "fruit")), names)
        assert names["count"] == 2 and names["seen"].closed is False
    with quiver.Database("restored", read_only=True) as restored:
        assert dict(restored.items()) == {b"ada": b"1815", b"bob": b"1912"}


def test_a_table_is_read_without_quiver(tmp_path, capsys):
    with quiver.Database(tmp_path / "fruit") as db:
        db[b"apple"] = b"red"
        db.flush()
    exec(blocks("README.md")[1].replace("/tmp/fruit", str(tmp_path / "fruit")), {})
    assert "key" in capsys.readouterr().out
