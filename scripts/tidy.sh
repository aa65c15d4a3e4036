#!/usr/bin/env bash
# Builds with clang 19 (thread-safety analysis as errors) and runs clang-tidy-19 over src, bindings and cli.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh tidy "$1"
mapfile -t files < <(git ls-files -- 'src/*.cc' 'bindings/*.cc' 'cli/*.cc' | grep -v '_test\.cc$')
printf '%s\n' "${files[@]}" | xargs -P "$1" -n 4 clang-tidy-19 -p build/tidy --quiet --warnings-as-errors='*'
echo "tidy: ${#files[@]} files are clean"
