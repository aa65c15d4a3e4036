#!/usr/bin/env bash
# Configures and builds one preset.   usage: scripts/build.sh PRESET JOBS [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1 jobs=$2
shift 2
launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
cmake --preset "$preset" "${launcher[@]}" >"/tmp/quiver-configure-$$.log" 2>&1 || {
  cat "/tmp/quiver-configure-$$.log" >&2
  rm -f "/tmp/quiver-configure-$$.log"
  exit 1
}
rm -f "/tmp/quiver-configure-$$.log"
cmake --build "build/$preset" -j "$jobs" ${1:+--target "$@"}
