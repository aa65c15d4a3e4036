"""Reads the largest table of a database with pyarrow and compares its rows with quiver's own.

usage: demo_open_files.py DATABASE_DIRECTORY QUIVER_COMMAND
"""
import json
import pathlib
import subprocess
import sys

import pyarrow
import pyarrow.compute as pc
import pyarrow.ipc


def newest_puts(table):
    """One row a key: the newest version, if it is a put (operation 0)."""
    ordered = table.sort_by([("key", "ascending"), ("sequence", "descending")])
    rows, last = {}, None
    for key, value, operation in zip(ordered["key"].to_pylist(), ordered["value"].to_pylist(),
                                     ordered["operation"].to_pylist()):
        if key != last and operation == 0:
            rows[key] = value
        last = key
    return rows


def main():
    directory, command = pathlib.Path(sys.argv[1]), sys.argv[2]
    path = max(directory.glob("*.arrow"), key=lambda file: file.stat().st_size)
    with pyarrow.memory_map(str(path)) as source:
        table = pyarrow.ipc.open_file(source).read_all()
    table.validate(full=True)
    print(f"  {path.name}: {table.num_rows} rows, {len(table['key'].chunks)} record batches, columns "
          + ", ".join(f"{field.name} {field.type}" for field in table.schema))
    rows = newest_puts(table)
    first, last = min(rows), max(rows)
    out = subprocess.run([command, "scan", str(directory), "--json", "--from", first.decode("latin-1")],
                         capture_output=True, check=True).stdout
    ours = {}
    for line in out.splitlines():
        row = json.loads(line)
        key = bytes.fromhex(row["key_hex"]) if "key_hex" in row else row["key"].encode()
        ours[key] = bytes.fromhex(row["value_hex"]) if "value_hex" in row else row["value"].encode()
    ours = {key: value for key, value in ours.items() if first <= key <= last}
    if rows != ours:
        print(f"  DIFFERENT: pyarrow sees {len(rows)} live rows, quiver {len(ours)}")
        return 1
    biggest = table.append_column("bytes", pc.binary_length(table["value"])).sort_by([("bytes", "descending")])
    print(f"  {len(rows)} live rows: every key and value equal to 'quiver scan'; longest value: "
          f"{biggest['key'][0].as_py().decode()}, {biggest['bytes'][0].as_py()} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
