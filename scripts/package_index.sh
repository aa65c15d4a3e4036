#!/usr/bin/env bash
# Writes the machine's package index, as apt has it, into a file.   usage: scripts/package_index.sh FILE
set -euo pipefail

index_files() { apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages' 2>/dev/null; }

if [ -z "$(index_files | head -n 1)" ]; then
  echo "fetching the package index (apt-get update)"
  if [ "$(id -u)" -eq 0 ]; then apt-get update -qq; else sudo apt-get update -qq; fi
fi
: >"$1"
# apt may keep its index compressed; apt's own helper reads any form.
index_files | while read -r file; do /usr/lib/apt/apt-helper cat-file "$file" >>"$1"; echo >>"$1"; done
