#!/usr/bin/env bash
# Runs the benchmarks that make has built, prints their tables and leaves figures and charts in build/bench.
#   usage: scripts/bench.sh smoke|full|growth|choosing
# All but smoke keep a journal: a call that was cut, by MINUTES=n or otherwise, goes on where it ended.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-smoke}
binaries=build/release/bin
results=build/bench
for binary in quiver-bench memtable-bench; do
  [ -x "$binaries/$binary" ] || { echo "$binaries/$binary is missing: run 'make bench'" >&2; exit 1; }
done
mkdir -p "$results"
commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
status=0

# run PLAN FLAG...: figures-PLAN.json and report-PLAN.html
run() {
  local plan=$1
  shift
  "$binaries/quiver-bench" --plan "$plan" --commit "$commit" --directory "$results" --json "$results/figures-$plan.json" \
    ${MINUTES:+--minutes "$MINUTES"} "$@" || status=$?
  [ ! -f "$results/figures-$plan.json" ] || python3 scripts/bench_report.py "$results/figures-$plan.json" "$results/report-$plan.html"
}

kept() { run "$1" --journal "$results/journal-$1" "${@:2}"; }
is_cut() { [ -f "$results/journal-$1" ]; }
say() { printf '\n%s\n' "$*"; }

case "$what" in
  smoke) run smoke ;;
  full)
    kept full
    is_cut full || "$binaries/memtable-bench" --cell-seconds 5 --json "$results/memtables.json"
    say "for docs/performance.md: scripts/bench_page.py $results/figures-full.json" ;;
  growth)
    kept growth --engines "${ENGINES:-quiver}"
    say "for docs/performance.md: scripts/growth_page.py $results/figures-growth.json" ;;
  choosing)
    kept memtables
    is_cut memtables || kept strategies
    say "for docs/choosing.md: scripts/choosing_page.py $results/figures-memtables.json $results/figures-strategies.json" ;;
  *) echo "usage: scripts/bench.sh smoke|full|growth|choosing" >&2; exit 2 ;;
esac
say "figures and charts: $results; how to read them: docs/performance.md"
exit "$status"
