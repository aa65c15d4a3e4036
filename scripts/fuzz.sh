#!/usr/bin/env bash
# Builds the fuzz targets (clang 19) and runs each.
#   scripts/fuzz.sh [SECONDS] [TARGET...]   each target for SECONDS (default 30)
#   scripts/fuzz.sh --minimise [TARGET...]  merges what runs have found into fuzz/corpus, smallest
#                                           inputs first, at most 200 inputs and 64 KiB a target
#   scripts/fuzz.sh --build PRESET...       only builds, and where clang 19 or its libFuzzer is missing says so
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
if [ "${1:-}" = --build ]; then
  shift
  probe=$(mktemp)
  trap 'rm -f "$probe"' EXIT
  if echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, long) { return 0; }' |
    clang++-19 -fsanitize=fuzzer,address,undefined -x c++ - -o "$probe" 2>/dev/null; then
    for preset in "$@"; do scripts/build.sh "$preset" "$jobs"; done
  else
    echo "fuzz targets: not built, clang 19 with libFuzzer is missing (scripts/bootstrap.sh fuzz installs it)"
  fi
  exit 0
fi
seconds=30
minimise=
case "${1:-}" in
  --minimise) minimise=1; shift ;;
  [0-9]*) seconds=$1; shift ;;
esac
scripts/build.sh fuzz "$jobs"
[ -n "$minimise" ] || scripts/build.sh fuzz_fast "$jobs"
if [ -z "$minimise" ]; then
  exec python3 torture/fuzz/run.py --each "$seconds" "$@"
fi
[ $# -gt 0 ] || mapfile -t names < <(build/fuzz/bin/fuzz_corpus_test --list | cut -d' ' -f1)
for name in "${names[@]:-$@}"; do
  merged=$(mktemp -d)
  mkdir -p "build/fuzz/corpus/$name"
  # A merge takes the inputs by size, smallest first, and keeps those that reach code which none before reached.
  ASAN_OPTIONS=quarantine_size_mb=8 build/fuzz/bin/fuzz-"$name" -merge=1 -print_funcs=0 "$merged" "fuzz/corpus/$name" "build/fuzz/corpus/$name" 2>/dev/null
  find "fuzz/corpus/$name" -type f ! -name 'seed-*' ! -name 'regression-*' -delete
  total=0 count=0
  while read -r size file; do
    total=$((total + size))
    count=$((count + 1))
    [ "$total" -le 65536 ] && [ "$count" -le 200 ] || break
    cmp -s "$file" "fuzz/corpus/$name/$(basename "$file")" || cp "$file" "fuzz/corpus/$name/"
  done < <(find "$merged" -type f -printf '%s %p\n' | sort -n)
  rm -rf "$merged"
  echo "$name: $(find "fuzz/corpus/$name" -type f | wc -l) inputs, $(du -sb "fuzz/corpus/$name" | cut -f1) bytes"
done
