#!/usr/bin/env bash
# Runs the showcase on the machine's package index and on generated orders.
# usage: scripts/showcase.sh [ARGUMENT of examples/showcase/showcase.py...]
set -euo pipefail
cd "$(dirname "$0")/.."
work=build/showcase
mkdir -p "$work"
if ! build/venv/bin/python -c 'import duckdb, pyarrow, rocksdict'; then
  echo "build/venv lacks a package that the showcase needs: install examples/showcase/requirements.txt from PyPI" >&2
  exit 1
fi
scripts/package_index.sh "$work/packages.txt"
build/venv/bin/python python/build_wheel.py . build/release "$work/site"
PYTHONPATH="$work/site" PYTHONDONTWRITEBYTECODE=1 build/venv/bin/python examples/showcase/showcase.py \
  --index "$work/packages.txt" --directory "$work/data" "$@"
echo "The table as data: $work/showcase.json; as a page: $work/showcase.html"
