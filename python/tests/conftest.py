"""What the tests share: a database in a directory of its own."""
import pytest
import quiver


@pytest.fixture
def path(tmp_path):
    return tmp_path / "db"


@pytest.fixture
def db(path):
    # Not synced at each put: the tests are about Python, and durability has its own.
    with quiver.Database(path, wal_mode="async") as database:
        yield database


@pytest.fixture
def fruit(db):
    db.put_many({b"apple": b"red", b"banana": b"yellow", b"blueberry": b"blue", b"cherry": b"red"})
    return db
