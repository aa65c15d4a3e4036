"""Random operations on two keyspaces give what two dicts give, through reopens, flushes, compactions and drops."""
import bisect

import hypothesis.stateful as stateful
import pyarrow
import quiver
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

KEYS = st.one_of(st.binary(max_size=3), st.sampled_from([b"user/1", b"user/2", b"user/10", b"k" * 300]))
VALUES = st.one_of(st.binary(max_size=20), st.integers(100, 40000).map(bytes))


NAMES = st.sampled_from(["default", "other"])
COUNTERS = st.sampled_from([b"n", b"user/n"])


class Model(stateful.RuleBasedStateMachine):
    @stateful.initialize(kind=st.sampled_from(["enhanced_skiplist", "trie", "vector", "hash_linked_list"]),
                         strategy=st.sampled_from(["leveled", "tiered", "lazy_leveling"]))
    def start(self, kind, strategy):
        import tempfile

        self.directory = tempfile.TemporaryDirectory()
        self.options = {"memtable_kind": kind, "compaction_strategy": strategy, "wal_mode": "async", "preset": "memory_efficient"}
        self.rows = {"default": {}, "other": {}}  # of each keyspace
        self.counts, self.snapshots = {}, []
        self.open()

    def open(self):
        self.db = quiver.Database(self.directory.name + "/db", **self.options)
        self.keyspaces = {"default": self.db, "other": self.db.keyspace("other", create=True, memtable_kind="trie")}
        self.counters = self.db.keyspace("counters", create=True, merge_operator="add_int64")

    def teardown(self):
        if hasattr(self, "db"):
            self.db.close()
            self.directory.cleanup()

    @stateful.rule(name=NAMES, key=KEYS, value=VALUES)
    def put(self, name, key, value):
        self.keyspaces[name][key] = self.rows[name][key] = value

    @stateful.rule(name=NAMES, key=KEYS, value=VALUES, lives=st.booleans())
    def put_for_a_time(self, name, key, value, lives):
        if lives:
            self.keyspaces[name].put(key, value, ttl=3600)
            self.rows[name][key] = value
            assert self.keyspaces[name].expiry(key) is not None
        else:
            self.keyspaces[name].put(key, value, expires_at=1)
            self.rows[name].pop(key, None)

    @stateful.rule(name=NAMES, key=KEYS)
    def delete(self, name, key):
        self.keyspaces[name].delete(key)
        self.rows[name].pop(key, None)

    @stateful.rule(name=NAMES, bounds=st.tuples(KEYS, KEYS))
    def delete_range(self, name, bounds):
        start, stop = sorted(bounds)
        self.keyspaces[name].delete_range(start, stop)
        self.forget(name, start, stop)

    def forget(self, name, start, stop):
        self.rows[name] = {key: value for key, value in self.rows[name].items() if not start <= key < stop}

    @stateful.rule(key=COUNTERS, count=st.integers(-5, 5))
    def count(self, key, count):
        self.counters.merge(key, count)
        self.counts[key] = self.counts.get(key, 0) + count

    @stateful.rule(key=COUNTERS, count=st.none() | st.integers(-5, 5))
    def set_counter(self, key, count):
        if count is None:
            self.counters.delete(key)
            self.counts.pop(key, None)
        else:
            self.counters[key] = quiver.encode_int64(count)
            self.counts[key] = count

    @stateful.rule(rows=st.dictionaries(st.tuples(NAMES, KEYS), VALUES, max_size=20), gone=st.lists(st.tuples(NAMES, KEYS), max_size=5),
                   bounds=st.none() | st.tuples(NAMES, KEYS, KEYS), counted=st.lists(COUNTERS, max_size=3))
    def batch(self, rows, gone, bounds, counted):
        with self.db.batch() as batch:
            for (name, key), value in rows.items():
                if name == "default":
                    batch[key] = value
                else:
                    batch.put(key, value, keyspace=name)
                self.rows[name][key] = value
            for name, key in gone:
                batch.delete(key, keyspace=self.keyspaces[name] if name != "default" else None)
                self.rows[name].pop(key, None)
            if bounds:
                name, *ends = bounds
                batch.delete_range(*sorted(ends), keyspace=name)
                self.forget(name, *sorted(ends))
            for key in counted:
                batch.merge(key, 1, keyspace=self.counters)
                self.counts[key] = self.counts.get(key, 0) + 1

    @stateful.rule(name=NAMES, rows=st.dictionaries(KEYS, VALUES, max_size=50))
    def put_many(self, name, rows):
        assert self.keyspaces[name].put_many(rows) == len(rows)
        self.rows[name].update(rows)

    @stateful.rule(name=NAMES, keys=st.lists(KEYS, max_size=10))
    def get(self, name, keys):
        db, rows = self.keyspaces[name], self.rows[name]
        expected = [rows.get(key) for key in keys]
        assert [db.get(key) for key in keys] == expected == db.get_many(keys)
        assert [key in db for key in keys] == [key in rows for key in keys]

    @stateful.rule()
    def get_counters(self):
        assert {key: self.counters.counter(key) for key in self.counters} == self.counts

    @stateful.rule(name=NAMES, start=st.none() | KEYS, stop=st.none() | KEYS, prefix=st.none() | st.binary(max_size=2), reverse=st.booleans())
    def scan(self, name, start, stop, prefix, reverse):
        db, rows = self.keyspaces[name], self.rows[name]
        keys = sorted(rows)
        low = bisect.bisect_left(keys, start) if start is not None else 0
        high = bisect.bisect_left(keys, stop) if stop is not None else len(keys)
        chosen = [key for key in keys[low:high] if key.startswith(prefix or b"")]
        expected = [(key, rows[key]) for key in chosen]
        table = pyarrow.table(db.scan(start, stop, prefix=prefix))
        assert list(zip(table["key"].to_pylist(), table["value"].to_pylist())) == expected
        assert list(db.items(start, stop, prefix=prefix, reverse=reverse)) == (expected[::-1] if reverse else expected)

    @stateful.rule()
    def snapshot(self):
        rows = {name: dict(rows) for name, rows in self.rows.items()}
        self.snapshots.append((self.db.snapshot(), rows, dict(self.counts)))

    @stateful.precondition(lambda self: self.snapshots)
    @stateful.rule(data=st.data(), name=NAMES)
    def read_snapshot(self, data, name):
        snapshot, rows, counts = data.draw(st.sampled_from(self.snapshots))
        view = snapshot.keyspace(name)
        assert dict(view.items()) == rows[name]
        table = pyarrow.table(view)
        assert dict(zip(table["key"].to_pylist(), table["value"].to_pylist())) == rows[name]
        view = snapshot.keyspace("counters")
        assert {key: view.counter(key) for key in view} == counts

    @stateful.rule()
    def drop(self):
        self.snapshots.clear()  # they show keyspaces by name, and the name is of another one now
        self.db.drop_keyspace("other")
        self.rows["other"] = {}
        self.keyspaces["other"] = self.db.keyspace("other", create=True, memtable_kind="trie")

    @stateful.rule()
    def flush(self):
        self.db.flush()

    @stateful.rule()
    def compact(self):
        for keyspace in (*self.keyspaces.values(), self.counters):
            keyspace.compact()

    @stateful.rule()
    def reopen(self):
        self.snapshots.clear()
        self.db.close()
        self.open()


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=40, stateful_step_count=50, deadline=None, derandomize=True, database=None,
                              suppress_health_check=list(HealthCheck))
