"""SQL over a database: DuckDB reads its Arrow stream, nothing is exported."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

from . import _engine
from ._errors import NotFoundError

if TYPE_CHECKING:
    import duckdb


def query(
    source: _engine.Database | _engine.Keyspace | _engine.Snapshot | _engine.Follower | _engine.FollowerKeyspace, query: str, /, parameters: Any = None, **tables: Any
) -> duckdb.DuckDBPyRelation:
    """The rows of a query in which `db` is the state of `source` now: columns key and value, both BLOB.

    Every keyspace is a table of its name, at the same state. `parameters` are DuckDB's. `tables` are further tables by
    name: dataframes, Arrow tables, other snapshots. The state is held until the relation is dropped.
    """
    try:
        import duckdb
    except ImportError as error:
        raise ImportError("sql() needs DuckDB: pip install duckdb") from error
    if not isinstance(query, str):
        raise TypeError(f"the query is a str, not {type(query).__name__}")
    state = source if isinstance(source, _engine.Snapshot) else source.snapshot()
    # Without DuckDB's search for variables of the caller, which would find those of this function.
    connection = duckdb.connect(config={"python_enable_replacements": False})
    for name, table in {**_keyspaces(state, query), **tables, "db": state}.items():
        connection.register(name, table)
    return connection.sql(query, params=parameters)


def _keyspaces(state: _engine.Snapshot, query: str) -> dict[str, _engine.Snapshot]:
    """The keyspaces that a query may mean. DuckDB does not tell names apart by case: of such, none is a table."""
    names = state.keyspaces()
    spelt = collections.Counter(name.casefold() for name in names)
    text = query.casefold().replace('""', '"')
    tables = {}
    for name in names:
        if spelt[name.casefold()] == 1 and name.casefold() in text:  # a thousand keyspaces are not a thousand views
            try:
                tables[name] = state.keyspace(name)
            except NotFoundError:
                pass  # dropped meanwhile: the query then says that there is no such table
    return tables
