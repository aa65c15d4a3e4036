"""SQL over a database: DuckDB reads its Arrow stream, nothing is exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _engine

if TYPE_CHECKING:
    import duckdb


def query(source: _engine.Database | _engine.Snapshot, query: str, parameters: Any = None, **tables: Any) -> duckdb.DuckDBPyRelation:
    """The rows of a query in which `db` is the state of `source` now: columns key and value, both BLOB.

    `parameters` are DuckDB's. `tables` are further tables by name: dataframes, Arrow tables, other snapshots. The state
    is held until the relation is dropped.
    """
    try:
        import duckdb
    except ImportError as error:
        raise ImportError("sql() needs DuckDB: pip install duckdb") from error
    state = source.snapshot() if isinstance(source, _engine.Database) else source
    # Without DuckDB's search for variables of the caller, which would find those of this function.
    connection = duckdb.connect(config={"python_enable_replacements": False})
    for name, table in {**tables, "db": state}.items():
        connection.register(name, table)
    return connection.sql(query, params=parameters)
