#!/usr/bin/env bash
# Builds release libraries of RocksDB and LevelDB for quiver-bench to compare with: Debian's are built with
# assertions on, which slow them. Takes about a quarter of an hour of two processors; interrupted, a second call
# goes on where the first ended.   usage: scripts/peers.sh [JOBS]
#
# The sources come from crates that carry them whole, fetched by cargo and checked against the digests below.
# RocksDB gets what its makers advise: Release, this processor's instructions, LZ4, ZSTD, Snappy, io_uring. Its
# allocator, jemalloc, is loaded by quiver-bench, into RocksDB's processes alone.
# Result: build/peers/{rocksdb,leveldb}/{include,lib}, which scripts/build.sh finds.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${1:-$(nproc)}
peers=$PWD/build/peers

ROCKSDB_CRATE=librocksdb-sys ROCKSDB_VERSION=0.19.0+11.8.1
ROCKSDB_SHA256=4f45e86edad8e88efe97dbf384b4e48e1ff0f111eabf154c7b09d7a1e5fb573c
LEVELDB_CRATE=leveldb-sys LEVELDB_VERSION=2.0.9
LEVELDB_SHA256=9dd94a4d0242a437e5e41a27c782b69a624469ca1c4d1e5cb3c337f74a8031d4

say() { printf '%s\n' "$*" >&2; }

# fetch CRATE VERSION SHA256: its sources in build/peers/sources/CRATE
fetch() {
  local crate=$1 version=$2 sha256=$3 target=$peers/sources/$1
  [ "$(cat "$target/.digest" 2>/dev/null)" = "$sha256" ] && return 0
  say "fetching $crate $version"
  local project archive
  project=$(mktemp -d)
  mkdir "$project/src"
  : >"$project/src/lib.rs"
  printf '[package]\nname = "peers"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n%s = { version = "=%s", default-features = false }\n' \
    "$crate" "$version" >"$project/Cargo.toml"
  (cd "$project" && cargo fetch --quiet)
  rm -rf "$project"
  archive=$(find "${CARGO_HOME:-$HOME/.cargo}/registry/cache" -name "$crate-$version.crate" | head -n 1)
  [ -n "$archive" ] || { say "cargo fetched no $crate-$version.crate"; exit 1; }
  echo "$sha256  $archive" | sha256sum --check --quiet || { say "$archive is not what this script was written for"; exit 1; }
  rm -rf "$target"
  mkdir -p "$target"
  tar -xzf "$archive" -C "$target" --strip-components=1
  echo "$sha256" >"$target/.digest"
}

# build NAME SOURCE STAMP FLAG...: configures, builds and installs into build/peers/NAME
build() {
  local name=$1 source=$2 stamp=$3
  shift 3
  local tree=$peers/build/$name wanted="$stamp $*"
  [ "$(cat "$peers/$name/.built" 2>/dev/null)" = "$wanted" ] && return 0
  say "building $name; log: build/peers/$name.log"
  cmake -S "$source" -B "$tree" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_LIBDIR=lib \
    -DCMAKE_INSTALL_PREFIX="$peers/$name" "$@" >"$peers/$name.log" 2>&1 &&
    cmake --build "$tree" -j "$jobs" >>"$peers/$name.log" 2>&1 &&
    rm -rf "${peers:?}/$name" &&
    cmake --install "$tree" >>"$peers/$name.log" 2>&1 || { tail -n 20 "$peers/$name.log" >&2; say "$name does not build"; exit 1; }
  local library=$peers/$name/lib/lib$name.a
  if nm "$library" 2>/dev/null | grep -q '__assert_fail'; then say "$library has assertions"; exit 1; fi
  echo "$wanted" >"$peers/$name/.built"
}

mkdir -p "$peers"
fetch "$ROCKSDB_CRATE" "$ROCKSDB_VERSION" "$ROCKSDB_SHA256"
fetch "$LEVELDB_CRATE" "$LEVELDB_VERSION" "$LEVELDB_SHA256"
build leveldb "$peers/sources/$LEVELDB_CRATE/deps/leveldb-1.22" "$LEVELDB_SHA256" \
  -DCMAKE_CXX_FLAGS=-march=native -DLEVELDB_BUILD_TESTS=OFF -DLEVELDB_BUILD_BENCHMARKS=OFF
build rocksdb "$peers/sources/$ROCKSDB_CRATE/rocksdb" "$ROCKSDB_SHA256" \
  -DPORTABLE=0 -DUSE_RTTI=ON -DFAIL_ON_WARNINGS=OFF -DROCKSDB_BUILD_SHARED=OFF -DWITH_LZ4=ON -DWITH_ZSTD=ON \
  -DWITH_SNAPPY=ON -DWITH_LIBURING=ON -DWITH_GFLAGS=OFF -DWITH_TESTS=OFF -DWITH_TOOLS=OFF -DWITH_CORE_TOOLS=OFF \
  -DWITH_BENCHMARK_TOOLS=OFF -DWITH_TRACE_TOOLS=OFF
say "release peers: build/peers/rocksdb, build/peers/leveldb"
