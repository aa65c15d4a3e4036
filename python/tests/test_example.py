"""The example of examples/python does what it says, on the machine's own package list."""
import collections
import os
import pathlib
import re
import runpy
import subprocess
import sys

import pytest

EXAMPLE = pathlib.Path(os.environ.get("QUIVER_SOURCE", pathlib.Path(__file__).parents[2])) / "examples/python/packages.py"
INDEX = pathlib.Path("/var/lib/dpkg/status")


@pytest.mark.skipif(not INDEX.exists(), reason="needs Debian's package list")
def test_packages(tmp_path):
    done = subprocess.run([sys.executable, EXAMPLE, tmp_path / "db"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    # The same answer from a plain dictionary.
    module = runpy.run_path(str(EXAMPLE))
    rows = dict(module["rows"](INDEX.read_text(encoding="utf-8", errors="replace")))
    names = {key.decode().split("/")[1] for key in rows if key.startswith(b"package/")}
    needed = collections.Counter(key.decode().split("/")[2] for key in rows if key.startswith(b"needs/"))
    best = sorted(((-count, name) for name, count in needed.items() if name in names))[:5]
    printed = re.findall(r"^  (\S+): by (\d+), \d+ KiB$", done.stdout, flags=re.M)
    assert [(name, int(count)) for name, count in printed] == [(name, -count) for count, name in best]
    assert f"of {len(names)} packages" in done.stdout and "and now: []" in done.stdout
    assert f"db.parquet: {len(names)} rows" in done.stdout
