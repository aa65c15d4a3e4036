"""The generated data set: orders of customers, 10 million of them unless told otherwise.

keyspace     key                                        value
orders       customer (4 bytes), number (4)             cents (4), day (2), items (1), status (1)
customers    customer (4)                               {"country": "DE", "segment": "retail"}

Numbers are big-endian, so that a customer's orders lie together, oldest first, and so that SQL can take them apart: DuckDB
casts a BLOB to BIT and that to an integer. Facts that machines write by the million are packed, what people read is JSON.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from workload import META, META_KEYSPACE, Batch, Keyspace, Record, Workload, marker

KEY, VALUE = struct.Struct(">II"), struct.Struct(">IHBB")
KEY_FIELDS = np.dtype([("customer", ">u4"), ("number", ">u4")])
VALUE_FIELDS = np.dtype([("cents", ">u4"), ("day", ">u2"), ("items", "u1"), ("status", "u1")])
COUNTRIES = ("AT", "BE", "CH", "CZ", "DE", "DK", "ES", "FR", "GB", "IT", "NL", "PL", "PT", "SE")
SEGMENTS = ("business", "public", "retail")
CANCELLED = 4  # of the statuses 0 to 4
CHUNK = 100_000
INSERTS, UPDATES = 50, 49  # of a batch; beside them one customer moves to another country


def customer_record(customer: int, country: int, segment: int) -> Record:
    value = json.dumps({"country": COUNTRIES[country], "segment": SEGMENTS[segment]})
    return customer.to_bytes(4, "big"), value.encode()


def pairs(keys: np.ndarray, values: np.ndarray) -> list[Record]:
    """Rows of packed fields as bytes. Of a void type, not of a string: that would lose zeros at the end."""
    return list(zip(keys.view(f"V{keys.itemsize}").tolist(), values.view(f"V{values.itemsize}").tolist()))


class Orders(Workload):
    name, title = "orders", "Generated orders"
    batch_rows = INSERTS + UPDATES + 1
    scanned = "orders"
    keyspaces = {
        "orders": Keyspace(
            {"key_width_bytes": KEY.size, "value_width_bytes": VALUE.size},
            "customer integer, number integer, cents integer, day integer, items integer, status integer, "
            "primary key (customer, number)) without rowid, strict",
            lambda key, value: KEY.unpack(key) + VALUE.unpack(value),
        ),
        "customers": Keyspace(
            {},
            "customer integer primary key, country text, segment text) strict",
            lambda key, value: (int.from_bytes(key, "big"), *json.loads(value).values()),
        ),
        META: META_KEYSPACE,
    }
    heads = {
        "packed": """o as (select key::bit::ubigint >> 32 as customer,
                   value::bit::ubigint as v, v >> 32 as cents, v & 255 as status from orders),
     c as (select key::bit::uinteger as customer, decode(value)::json->>'country' as country from customers)""",
        "typed": """o as (from typed),
     c as (select key::bit::uinteger as customer, decode(value)::json->>'country' as country from customers)""",
        "columns": "o as (select * from orders), c as (select * from customers)",
    }
    body = f"""select country, count(*) as orders, sum(cents) as cents, max(cents) as dearest
from o join c using (customer) where status <> {CANCELLED} group by country order by country"""

    def __init__(self, count: int, seed: int = 1) -> None:
        self._seed = seed
        self._customers = max(100, count // 50)
        random = np.random.default_rng(seed)
        # Some customers order often: the density falls with the customer's number. `number` is the order of arrival.
        customer = (self._customers * random.random(count) ** 2).astype("u4")
        arrival = np.argsort(customer, kind="stable")
        self._keys = np.empty(count, KEY_FIELDS)
        self._keys["customer"], self._keys["number"] = customer[arrival], arrival
        self._values = self._draw(random, count)
        self._values["day"] = arrival * 1000 // count
        self._home = (random.integers(0, len(COUNTRIES), self._customers), random.integers(0, len(SEGMENTS), self._customers))

    @staticmethod
    def _draw(random: np.random.Generator, count: int) -> np.ndarray:
        values = np.empty(count, VALUE_FIELDS)
        values["cents"] = random.lognormal(8, 1, count).clip(100, 2_000_000)
        values["day"] = 1000
        values["items"] = random.integers(1, 20, count)
        values["status"] = random.choice(5, count, p=(0.1, 0.1, 0.1, 0.6, 0.1))
        return values

    def count(self) -> dict[str, int]:
        return {"orders": len(self._keys), "customers": self._customers}

    def records(self, keyspace: str) -> Iterator[list[Record]]:
        for begin in range(0, self.count()[keyspace], CHUNK):
            if keyspace == "orders":
                yield pairs(self._keys[begin : begin + CHUNK], self._values[begin : begin + CHUNK])
            else:
                homes = zip(*(part[begin : begin + CHUNK].tolist() for part in self._home))
                yield [customer_record(customer, *home) for customer, home in enumerate(homes, begin)]

    def batch(self, number: int) -> Batch:
        random = np.random.default_rng([self._seed, number])
        keys = np.empty(INSERTS + UPDATES, KEY_FIELDS)
        keys["customer"][:INSERTS] = random.integers(0, self._customers, INSERTS)
        keys["number"][:INSERTS] = len(self._keys) + number * INSERTS + np.arange(INSERTS)
        keys[INSERTS:] = self._keys[random.integers(0, len(self._keys), UPDATES)]  # any of them, old or new
        moved, country, segment = random.integers(0, (self._customers, len(COUNTRIES), len(SEGMENTS))).tolist()
        return {
            "orders": pairs(keys, self._draw(random, len(keys))),
            "customers": [customer_record(moved, country, segment)],
            **marker(number),
        }


def typed(stream: object) -> pa.RecordBatchReader:
    """The orders of an Arrow stream with their fields as columns of numbers: the work of the head "packed", done by numpy."""

    def fields(column: pa.BinaryArray, layout: np.dtype) -> np.ndarray:
        offsets = np.frombuffer(column.buffers()[1], "i4")[column.offset : column.offset + len(column) + 1]
        return np.frombuffer(column.buffers()[2], "u1")[offsets[0] : offsets[-1]].view(layout)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in pa.RecordBatchReader.from_stream(stream):
            keys, values = fields(batch["key"], KEY_FIELDS), fields(batch["value"], VALUE_FIELDS)
            columns = keys["customer"].astype("u4"), values["cents"].astype("u4"), values["status"].copy()
            yield pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=schema)

    schema = pa.schema([("customer", pa.uint32()), ("cents", pa.uint32()), ("status", pa.uint8())])
    return pa.RecordBatchReader.from_batches(schema, batches())
