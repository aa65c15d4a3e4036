"""Random operations give what a dict gives, through reopens, flushes and compactions."""
import bisect

import hypothesis.stateful as stateful
import pyarrow
import quiver
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

KEYS = st.one_of(st.binary(max_size=3), st.sampled_from([b"user/1", b"user/2", b"user/10", b"k" * 300]))
VALUES = st.one_of(st.binary(max_size=20), st.integers(100, 40000).map(bytes))


class Model(stateful.RuleBasedStateMachine):
    @stateful.initialize(kind=st.sampled_from(["enhanced_skiplist", "trie", "vector", "hash_linked_list"]),
                         strategy=st.sampled_from(["leveled", "tiered", "lazy_leveling"]))
    def start(self, kind, strategy):
        import tempfile

        self.directory = tempfile.TemporaryDirectory()
        self.options = {"memtable_kind": kind, "compaction_strategy": strategy, "wal_mode": "async", "preset": "memory_efficient"}
        self.rows, self.snapshots = {}, []
        self.open()

    def open(self):
        self.db = quiver.Database(self.directory.name + "/db", **self.options)

    def teardown(self):
        if hasattr(self, "db"):
            self.db.close()
            self.directory.cleanup()

    @stateful.rule(key=KEYS, value=VALUES)
    def put(self, key, value):
        self.db[key] = self.rows[key] = value

    @stateful.rule(key=KEYS)
    def delete(self, key):
        self.db.delete(key)
        self.rows.pop(key, None)

    @stateful.rule(rows=st.dictionaries(KEYS, VALUES, max_size=20), gone=st.lists(KEYS, max_size=5))
    def batch(self, rows, gone):
        with self.db.batch() as batch:
            for key, value in rows.items():
                batch[key] = value
            for key in gone:
                del batch[key]
        self.rows.update(rows)
        for key in gone:
            self.rows.pop(key, None)

    @stateful.rule(rows=st.dictionaries(KEYS, VALUES, max_size=50))
    def put_many(self, rows):
        assert self.db.put_many(rows) == len(rows)
        self.rows.update(rows)

    @stateful.rule(keys=st.lists(KEYS, max_size=10))
    def get(self, keys):
        expected = [self.rows.get(key) for key in keys]
        assert [self.db.get(key) for key in keys] == expected == self.db.get_many(keys)
        assert [key in self.db for key in keys] == [key in self.rows for key in keys]

    @stateful.rule(start=st.none() | KEYS, stop=st.none() | KEYS, prefix=st.none() | st.binary(max_size=2), reverse=st.booleans())
    def scan(self, start, stop, prefix, reverse):
        keys = sorted(self.rows)
        low = bisect.bisect_left(keys, start) if start is not None else 0
        high = bisect.bisect_left(keys, stop) if stop is not None else len(keys)
        chosen = [key for key in keys[low:high] if key.startswith(prefix or b"")]
        expected = [(key, self.rows[key]) for key in chosen]
        table = pyarrow.table(self.db.scan(start, stop, prefix=prefix))
        assert list(zip(table["key"].to_pylist(), table["value"].to_pylist())) == expected
        assert list(self.db.items(start, stop, prefix=prefix, reverse=reverse)) == (expected[::-1] if reverse else expected)

    @stateful.rule()
    def snapshot(self):
        self.snapshots.append((self.db.snapshot(), dict(self.rows)))

    @stateful.precondition(lambda self: self.snapshots)
    @stateful.rule(data=st.data())
    def read_snapshot(self, data):
        snapshot, rows = data.draw(st.sampled_from(self.snapshots))
        assert dict(snapshot.items()) == rows
        table = pyarrow.table(snapshot)
        assert dict(zip(table["key"].to_pylist(), table["value"].to_pylist())) == rows

    @stateful.rule()
    def flush(self):
        self.db.flush()

    @stateful.rule()
    def compact(self):
        self.db.compact()

    @stateful.rule()
    def reopen(self):
        self.snapshots.clear()
        self.db.close()
        self.open()


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=40, stateful_step_count=40, deadline=None, derandomize=True, database=None,
                              suppress_health_check=list(HealthCheck))
