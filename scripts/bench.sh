#!/usr/bin/env bash
# Runs the benchmarks that `make bench` or `make bench-full` has built, prints their tables and leaves
# figures and charts in build/bench.   usage: scripts/bench.sh smoke|full
set -euo pipefail
cd "$(dirname "$0")/.."
plan=${1:-smoke}
binaries=build/release/bin
results=build/bench
for binary in quiver-bench memtable-bench; do
  [ -x "$binaries/$binary" ] || { echo "$binaries/$binary is missing: run 'make bench'" >&2; exit 1; }
done
mkdir -p "$results"
commit=$(git describe --always --dirty 2>/dev/null || echo unknown)

status=0
"$binaries/quiver-bench" --plan "$plan" --commit "$commit" --directory "$results" --json "$results/figures-$plan.json" || status=$?
[ -f "$results/figures-$plan.json" ] && python3 scripts/bench_report.py "$results/figures-$plan.json" "$results/report-$plan.html"
if [ "$plan" = full ]; then
  "$binaries/memtable-bench" --cell-seconds 5 --json "$results/memtables.json"
fi
printf '\nfigures: %s/figures-%s.json, charts: %s/report-%s.html; how to read them: docs/performance.md\n' "$results" "$plan" "$results" "$plan"
exit "$status"
