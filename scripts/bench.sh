#!/usr/bin/env bash
# Runs the two benchmark drivers that `make bench` has built, prints their tables and leaves the
# figures as JSON in build/bench. Ten minutes at most; rounds that do not fit are left out and the
# output says so.   usage: scripts/bench.sh [ROWS]   (default 1000000)
set -euo pipefail
cd "$(dirname "$0")/.."
rows=${1:-1000000}
binaries=build/bench/bin
results=build/bench
data=$results/data
for binary in quiver-bench-peers memtable-bench; do
  [ -x "$binaries/$binary" ] || { echo "$binaries/$binary is missing: run 'make bench'" >&2; exit 1; }
done
mkdir -p "$results"
trap 'rm -rf "$data"' EXIT

printf 'commit %s\n\n' "$(git describe --always --dirty 2>/dev/null || echo unknown)"
"$binaries/quiver-bench-peers" --rows "$rows" --rounds 3 --minutes 5 --directory "$data" --json "$results/peers.json"
printf '\n'
"$binaries/memtable-bench" --cell-seconds 5 --json "$results/memtables.json"
printf '\nfigures: %s/peers.json and %s/memtables.json; how to read them: docs/benchmarks.md\n' "$results" "$results"
