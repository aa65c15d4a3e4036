#!/usr/bin/env bash
# Formats every C and C++ source; with --check only says which are not formatted, and fails.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t files < <(git ls-files -co --exclude-standard -- '*.h' '*.cc' '*.c')
if [ "${1:-}" = "--check" ]; then
  clang-format-19 --dry-run --Werror "${files[@]}" && echo "format: ${#files[@]} files are formatted"
else
  clang-format-19 -i "${files[@]}"
fi
