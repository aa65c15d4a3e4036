"""The real data set: a Debian package index, read by examples/python/packages.py.

keyspace     key                value
packages     name               {"section": "libs", "size_kib": 12, "version": "1.0"}
needs        name/other         nothing: a package and one that it depends on
"""

from __future__ import annotations

import json
import pathlib
import runpy
from collections.abc import Iterator

import numpy as np
from workload import META, META_KEYSPACE, Batch, Keyspace, Record, Workload, marker

READER = runpy.run_path(str(pathlib.Path(__file__).parents[1] / "python/packages.py"))
CHUNK = 50_000
INSERTS, UPDATES = 10, 20  # of a batch: new dependencies, and packages of another size


class PackageIndex(Workload):
    name, title = "packages", "Debian package index"
    batch_rows = INSERTS + UPDATES
    keyspaces = {
        "packages": Keyspace(
            {},
            "name text primary key, section text, size_kib integer, version text) without rowid, strict",
            lambda key, value: (key.decode(), *json.loads(value).values()),
        ),
        "needs": Keyspace(
            {},
            "name text, other text, primary key (name, other)) without rowid, strict",
            lambda key, value: tuple(key.decode().split("/")),
        ),
        META: META_KEYSPACE,
    }
    heads = {
        "packed": """fields as (select decode(key) as name, decode(value)::json as f from packages),
     p as (select name, f->>'section' as section, (f->>'size_kib')::int as size_kib from fields),
     n as (select split_part(decode(key), '/', 2) as name from needs)""",
        "columns": "p as (select * from packages), n as (select other as name from needs)",
    }
    body = """select section, count(*) as needed, sum(size_kib) as size_kib
from n join p using (name) group by section order by section"""

    def __init__(self, path: pathlib.Path, seed: int = 1) -> None:
        self._seed = seed
        self._records: dict[str, dict[bytes, bytes]] = {"packages": {}, "needs": {}}
        for key, value in READER["rows"](path.read_text(encoding="utf-8", errors="replace")):
            kind, _, rest = key.partition(b"/")
            self._records["packages" if kind == b"package" else "needs"][rest] = value
        self._names = sorted(self._records["packages"])

    def count(self) -> dict[str, int]:
        return {name: len(records) for name, records in self._records.items()}

    def records(self, keyspace: str) -> Iterator[list[Record]]:
        ordered = sorted(self._records[keyspace].items())
        for begin in range(0, len(ordered), CHUNK):
            yield ordered[begin : begin + CHUNK]

    def batch(self, number: int) -> Batch:
        random = np.random.default_rng([self._seed, number])
        chosen = [self._names[i] for i in random.integers(0, len(self._names), UPDATES + 2 * INSERTS)]
        changed = {}
        for name, size in zip(chosen[:UPDATES], random.integers(1, 1_000_000, UPDATES).tolist()):
            changed[name] = json.dumps({**json.loads(self._records["packages"][name]), "size_kib": size}).encode()
        edges = zip(chosen[UPDATES : UPDATES + INSERTS], chosen[UPDATES + INSERTS :])
        return {"packages": list(changed.items()), "needs": [(b"/".join(edge), b"") for edge in edges], **marker(number)}
