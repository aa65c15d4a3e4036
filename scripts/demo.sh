#!/usr/bin/env bash
# Prepares the machine's package index and runs the demonstration on it; then lets pyarrow read a
# table of the demonstration as it lies on disk.
set -euo pipefail
cd "$(dirname "$0")/.."
work=build/demo
mkdir -p "$work"

index_files() { apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages' 2>/dev/null; }

packages="$work/packages.txt"
if [ -z "$(index_files | head -n 1)" ]; then
  echo "fetching the package index (apt-get update)"
  if [ "$(id -u)" -eq 0 ]; then apt-get update -qq; else sudo apt-get update -qq; fi
fi
: >"$packages"
# apt may keep its index compressed; apt's own helper reads any form.
index_files | while read -r file; do /usr/lib/apt/apt-helper cat-file "$file" >>"$packages"; echo >>"$packages"; done

start=$(date +%s)
build/release/bin/quiver demo --packages "$packages" --directory "$work"

printf '\n5. Open files (a table of the demonstration, read by pyarrow as it lies on disk)\n'
if [ -x build/venv/bin/python ] && build/venv/bin/python -c 'import pyarrow' 2>/dev/null; then
  build/venv/bin/python scripts/demo_open_files.py "$work/db" build/release/bin/quiver
else
  echo "  skipped: pyarrow could not be installed from PyPI on this machine"
fi
printf '\nDone in %s s. The database: %s/db; the charts: %s/report.html\n' "$(($(date +%s) - start))" "$work" "$work"
