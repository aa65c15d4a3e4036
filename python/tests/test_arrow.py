"""Every state is an Arrow stream: pyarrow, Polars, pandas and DuckDB read it at once."""
import sys
import threading

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest
import quiver


@pytest.fixture
def orders(db):
    """Rows in two tables and a memtable, with deletes and new versions among them."""
    rows = {}
    for run in range(3):
        for i in range(run, 3000, 3):
            rows[f"order/{i:05d}".encode()] = b'{"customer": %d, "amount": %d}' % (i % 7, i)
        db.put_many(rows)
        if run < 2:
            db.flush()
    for key in list(rows)[::10]:
        del db[key], rows[key]
    return db, dict(sorted(rows.items()))


def test_pyarrow(orders):
    db, rows = orders
    table = pyarrow.table(db.snapshot())
    table.validate(full=True)
    assert table.schema == pyarrow.schema([("key", pyarrow.binary()), ("value", pyarrow.binary())]) or table.column_names == ["key", "value"]
    assert dict(zip(table["key"].to_pylist(), table["value"].to_pylist())) == rows
    assert table["key"].to_pylist() == list(rows)
    assert pyarrow.table(db).equals(table)
    reader = pyarrow.RecordBatchReader.from_stream(db.scan(batch_rows=100))
    assert [batch.num_rows for batch in reader] == [100] * 27


def test_a_scan_takes_range_prefix_columns_and_limit(orders):
    db, rows = orders
    keys = list(rows)

    def scanned(*arguments, **options):
        return pyarrow.table(db.scan(*arguments, **options))

    assert scanned(b"order/01", b"order/02")["key"].to_pylist() == [key for key in keys if b"order/01" <= key < b"order/02"]
    assert scanned(prefix=b"order/0000")["value"].to_pylist() == [rows[key] for key in keys if key.startswith(b"order/0000")]
    assert scanned(columns=["key"]).column_names == ["key"]
    assert scanned(columns=("value", "key", "sequence")).column_names == ["key", "value", "sequence"]
    assert scanned(limit=5)["key"].to_pylist() == keys[:5]
    assert scanned(limit=0).num_rows == 0
    assert scanned(limit=10**9).num_rows == len(rows)
    sequence = scanned(columns=["sequence"])["sequence"]
    assert sequence.type == pyarrow.uint64() and max(sequence.to_pylist()) <= db.snapshot().sequence


def test_polars(orders):
    db, rows = orders
    frame = polars.DataFrame(db.snapshot())
    assert frame.columns == ["key", "value"] and frame["key"].to_list() == list(rows)
    # Of a stream that is not pyarrow's, from_arrow() makes a Series of structs (Polars 2).
    series = polars.from_arrow(db.snapshot())
    assert (series if isinstance(series, polars.DataFrame) else series.struct.unnest()).equals(frame)
    assert polars.DataFrame(db.scan(prefix=b"order/0000")).height == sum(key.startswith(b"order/0000") for key in rows)


def test_pandas(orders):
    db, rows = orders
    frame = pandas.DataFrame.from_arrow(db.snapshot())
    assert list(frame.columns) == ["key", "value"] and list(frame["key"]) == list(rows)
    assert list(pyarrow.table(db).to_pandas()["value"]) == list(rows.values())


def test_duckdb_sees_a_snapshot_by_its_name(orders):
    db, rows = orders
    snapshot = db.snapshot()
    query = "select count(*), sum((decode(value)::json->>'amount')::int) from snapshot"
    expected = (len(rows), sum(int(value.split(b'"amount": ')[1][:-1]) for value in rows.values()))
    assert duckdb.sql(query).fetchall() == [expected]
    db.put_many({key: b"{}" for key in rows})
    assert duckdb.sql(query).fetchall() == [expected]  # again, and still that state
    part = db.scan(prefix=b"order/0000", columns=["key"])
    assert duckdb.sql("select count(*) from part").fetchall() == [(sum(key.startswith(b"order/0000") for key in rows),)]


def test_sql(orders):
    db, rows = orders
    assert db.sql("select count(*) from db").fetchall() == [(len(rows),)]
    assert db.sql("select key from db where key >= ? order by key limit 1", [b"order/02"]).fetchall()[0][0] >= b"order/02"
    customers = pyarrow.table({"id": list(range(7)), "name": [f"c{i}" for i in range(7)]})
    relation = db.sql(
        """select name, count(*) as orders from db join customers on id = (decode(value)::json->>'customer')::int
           group by name order by name""", customers=customers)
    expected = [sum(b'"customer": %d,' % i in value for value in rows.values()) for i in range(7)]
    assert relation.fetchall() == [(f"c{i}", expected[i]) for i in range(7)]
    snapshot = db.snapshot()
    db[b"order/zzz"] = b"{}"
    assert snapshot.sql("select count(*) from db").fetchall() == [(len(rows),)]
    with pytest.raises(duckdb.Error):
        db.sql("select nonsense from db")


def test_a_table_of_a_query_may_have_any_name(fruit):
    for name in ("query", "source", "self"):
        assert fruit.sql(f'select count(*) from "{name}"', **{name: fruit.snapshot()}).fetchall() == [(4,)]


def test_sql_without_duckdb_says_what_to_install(fruit, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ImportError, match="pip install duckdb"):
        fruit.sql("select 1")


def test_parquet_is_one_line(orders, tmp_path):
    db, rows = orders
    pyarrow.parquet.write_table(pyarrow.table(db.snapshot()), tmp_path / "orders.parquet")
    assert duckdb.sql(f"select count(*) from '{tmp_path}/orders.parquet'").fetchall() == [(len(rows),)]


def test_a_stream_may_outlive_everything(orders):
    db, rows = orders
    scan = db.scan(batch_rows=100)
    reader = pyarrow.RecordBatchReader.from_stream(scan)
    first = reader.read_next_batch()
    unread = scan.__arrow_c_stream__()
    db.close()
    del db, orders
    assert first["key"].to_pylist() == list(rows)[:100]  # a batch stays
    with pytest.raises(Exception, match="closed"):
        reader.read_all()
    with pytest.raises(quiver.ClosedError):
        scan.__arrow_c_stream__()
    del unread  # never consumed: released with its capsule


def test_queries_while_others_write(db):
    stop = threading.Event()
    db.put_many({b"account/a": b"500", b"account/b": b"500"})

    def transfer():
        amount = 0
        while not stop.is_set():
            amount = (amount + 37) % 500
            with db.batch() as batch:
                batch[b"account/a"] = str(500 - amount).encode()
                batch[b"account/b"] = str(500 + amount).encode()

    writers = [threading.Thread(target=transfer) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(50):
            assert db.sql("select sum(decode(value)::int) from db").fetchall() == [(1000,)]
    finally:
        stop.set()
        for writer in writers:
            writer.join()


def test_columns_that_are_none(fruit):
    with pytest.raises(ValueError, match="valeu"):
        fruit.scan(columns=["valeu"])
    with pytest.raises(TypeError, match="sequence of names"):
        fruit.scan(columns="key")
    with pytest.raises(quiver.InvalidArgumentError, match="column"):
        fruit.scan(columns=[]).__arrow_c_stream__()
    for limit in (-1, 2**64):
        with pytest.raises(ValueError, match="limit is a number of rows"):
            fruit.scan(limit=limit)
