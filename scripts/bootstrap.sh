#!/usr/bin/env bash
# Installs what a group of targets needs and this machine misses. Idempotent; quiet when nothing is
# missing.   usage: scripts/bootstrap.sh GROUP...   (build test demo showcase bench peers torture fuzz coverage tidy format docs)
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else say "need root (or sudo) to run: $*"; exit 1; fi
}

apt_need() {
  local missing=()
  local package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  say "installing: ${missing[*]}"
  local log
  log=$(mktemp)
  # An index may be absent or old on a fresh machine: refresh it and try once more.
  for attempt in 1 2 3; do
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
      rm -f "$log"; return 0
    fi
    as_root apt-get update >>"$log" 2>&1 || true
  done
  tail -n 20 "$log" >&2
  say "could not install: ${missing[*]}"
  exit 1
}

# What a target can do without: it leaves out what needs the package, and says so.
apt_want() {
  local package
  for package in "$@"; do
    (apt_need "$package") || say "going on without $package"
  done
}

# A virtual environment with the real Arrow readers that check our files, with what builds and tests the
# Python package, and with what further lists name.   usage: python_packages [LIST...]
python_packages() {
  local lists=(tests/interop/requirements.txt python/tests/requirements.txt "$@") stamp wanted
  stamp=build/venv/.installed$(printf '%s' "$@" | tr / -)
  wanted=$(cat "${lists[@]}" | sha256sum | cut -d' ' -f1)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return 0
  apt_need python3 python3-venv
  say "installing Python's Arrow readers${1:+ and $1} into build/venv"
  mkdir -p build
  /usr/bin/python3 -m venv build/venv
  if build/venv/bin/pip install --quiet --disable-pip-version-check "${lists[@]/#/-r}"; then
    echo "$wanted" >"$stamp"
  else
    say "pip could not install ${lists[*]}: the tests that need it will be skipped"
  fi
}

node_readers() {
  local stamp=build/node/.installed wanted
  wanted=$(cat tests/interop/package.json | sha256sum | cut -d' ' -f1)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return 0
  command -v npm >/dev/null || apt_need nodejs npm
  say "installing apache-arrow for JavaScript into build/node"
  mkdir -p build/node
  cp tests/interop/package.json build/node/
  if (cd build/node && npm install --silent --no-audit --no-fund >/dev/null 2>&1); then
    echo "$wanted" >"$stamp"
  else
    say "npm could not install apache-arrow: the test that needs it will be skipped"
  fi
}

# For scripts/peers.sh. Debian's older cargo cannot read today's index of crates.
peer_builders() {
  apt_need g++ cmake ninja-build libsnappy-dev liblz4-dev libzstd-dev liburing-dev binutils
  local minor
  minor=$(cargo --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\).*/\1/p')
  [ "${minor:-0}" -ge 70 ] || apt_need cargo-web
}

for group in "$@"; do
  case "$group" in
    build) apt_need g++ cmake ninja-build pkg-config libxxhash-dev liblz4-dev libzstd-dev libflatbuffers-dev \
             flatbuffers-compiler libtomlplusplus-dev libcli11-dev nlohmann-json3-dev libgtest-dev libgmock-dev ;;
    test) apt_need python3 python3-venv python3-dev strace; python_packages; node_readers ;;
    demo) apt_need python3 python3-venv; python_packages ;;
    showcase) apt_need python3 python3-venv python3-dev; python_packages examples/showcase/requirements.txt ;;
    bench) apt_need python3 librocksdb-dev libleveldb-dev liblmdb-dev libwiredtiger-dev libsnappy-dev libjemalloc2 ;;
    peers) peer_builders ;;
    torture) apt_need python3
      apt_want strace librocksdb-dev libleveldb-dev liblmdb-dev libsqlite3-dev libsnappy-dev e2fsprogs xfsprogs \
        util-linux clang-19 libclang-rt-19-dev ;;
    fuzz) apt_need clang-19 libclang-rt-19-dev ;;
    coverage) apt_need python3 gcovr ;;
    tidy) apt_need clang-19 clang-tidy-19 libclang-rt-19-dev ;;
    format) apt_need clang-format-19 ;;
    docs) apt_need doxygen ;;
    *) say "unknown group: $group"; exit 2 ;;
  esac
done
