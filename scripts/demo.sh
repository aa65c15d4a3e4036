#!/usr/bin/env bash
# Prepares the machine's package index and runs the demonstration on it; then lets pyarrow read a
# table of the demonstration as it lies on disk.
set -euo pipefail
cd "$(dirname "$0")/.."
work=build/demo
mkdir -p "$work"

packages="$work/packages.txt"
scripts/package_index.sh "$packages"

start=$(date +%s)
build/release/bin/quiver demo --packages "$packages" --directory "$work"

printf '\n5. Open files (a table of the demonstration, read by pyarrow as it lies on disk)\n'
if [ -x build/venv/bin/python ] && build/venv/bin/python -c 'import pyarrow' 2>/dev/null; then
  build/venv/bin/python scripts/demo_open_files.py "$work/db" build/release/bin/quiver
else
  echo "  skipped: pyarrow could not be installed from PyPI on this machine"
fi
printf '\nDone in %s s. The database: %s/db; the charts: %s/report.html\n' "$(($(date +%s) - start))" "$work" "$work"
