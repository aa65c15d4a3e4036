#!/usr/bin/env bash
# Runs all tests on a build that counts lines and branches, and reports how much of src/ they reach.
#   scripts/coverage.sh [--record]   with --record the figures are appended to docs/results/torture.jsonl
# The long tests run on a part of their work, as under the sanitizers. What is counted: scripts/coverage.py.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
build=build/coverage
mkdir -p "$build"
find "$build" -name '*.gcda' -delete  # of an older build
scripts/build.sh coverage "$jobs"
find "$build" -name '*.gcda' -delete
start=$SECONDS
# Left out: what builds, inspects or loads into Python this build's libraries, which are not those that we
# ship, and what measures memory, where counters would take minutes of counting. A failed test does not keep the report.
failed=0
# The counters' own complaints must not stand in what the command prints.
export GCOV_ERROR_FILE=/dev/null
QUIVER_MODEL_OPERATIONS=20000 QUIVER_BIT_FLIPS=200 QUIVER_KILLS=10 QUIVER_POWER_CUTS=60 \
  ctest --test-dir "$build" --output-on-failure -j "$jobs" -E '^(seam_test|package_test|python_test|showcase_test|memory_limit_test)$' || failed=1
gcovr --root . --filter 'src/.*' --exclude '.*_test\.cc' --exclude '.*_test_\w+\.h' --exclude '.*_for_test\.h' \
  --exclude '.*/(job_harness|log_test_support|simulated_tree)\.h' \
  --json "$build/coverage.json" -j "$jobs" "$build/src" "$build/tests"
python3 scripts/coverage.py "$@" --seconds $((SECONDS - start)) "$build/coverage.json"
exit $failed
