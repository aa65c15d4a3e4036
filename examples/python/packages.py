#!/usr/bin/env python3
"""A Debian package index in a database, queried while it changes.   usage: packages.py DIRECTORY [INDEX_FILE]

INDEX_FILE is a list of packages as dpkg and apt keep it; the default is what this machine has installed. Needs
`pip install ./python duckdb pyarrow`.
"""
import json
import pathlib
import re
import sys

import pyarrow
import pyarrow.parquet
import quiver


def packages(text):
    """Each package as (name, fields)."""
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, flags=re.M))
        if "Package" in fields:
            yield fields["Package"], fields


def rows(text):
    """package/NAME -> the fields as JSON, and needs/NAME/OTHER -> nothing for each package that NAME depends on."""
    for name, fields in packages(text):
        size = int(fields.get("Installed-Size", 0))
        package = {"section": fields.get("Section", "unknown").split("/")[-1], "size_kib": size, "version": fields.get("Version", "")}
        yield f"package/{name}".encode(), json.dumps(package).encode()
        for other in set(re.findall(r"(?:^|[,|] *)([a-z0-9][a-z0-9.+-]+)", fields.get("Depends", ""))):
            yield f"needs/{name}/{other}".encode(), b""


MOST_NEEDED = """
    with package as (select decode(key)[9:] as name, decode(value)::json as fields from db where key[1:8] = 'package/'::blob),
         needs as (select split_part(decode(key), '/', 3) as name from db where key[1:6] = 'needs/'::blob)
    select name, count(*) as needed_by, any_value((fields->>'size_kib')::int) as size_kib
    from needs join package using (name) group by name order by needed_by desc, name limit 5
"""


def main(directory, index="/var/lib/dpkg/status"):
    text = pathlib.Path(index).read_text(encoding="utf-8", errors="replace")
    with quiver.Database(directory, wal_mode="batch") as db:
        count = db.put_many(rows(text), atomic=False)
        names = [key.removeprefix(b"package/").decode() for key in db.keys(prefix=b"package/")]
        print(f"{count} rows of {len(names)} packages, from {names[0]} to {names[-1]}")

        name = names[len(names) // 2]
        print(f"{name}: {json.loads(db[f'package/{name}'.encode()])}")
        print("needs:", ", ".join(key.decode().split("/")[2] for key in db.keys(prefix=f"needs/{name}/".encode())) or "nothing")

        # What follows sees this state, whatever is written meanwhile.
        snapshot = db.snapshot()
        with db.batch() as batch:
            for key in db.keys(prefix=b"needs/"):
                del batch[key]
        print("most needed:")
        for other, needed_by, size in snapshot.sql(MOST_NEEDED).fetchall():
            print(f"  {other}: by {needed_by}, {size} KiB")
        print(f"and now: {db.sql(MOST_NEEDED).fetchall()}")

        # Parquet, or anything else that takes Arrow, is one line.
        target = pathlib.Path(directory).with_suffix(".parquet")
        pyarrow.parquet.write_table(pyarrow.table(snapshot.scan(prefix=b"package/")), target)
        print(f"{target.name}: {pyarrow.parquet.read_metadata(target).num_rows} rows")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.splitlines()[0])
    main(*sys.argv[1:])
