#!/usr/bin/env bash
# Installs the build into a temporary prefix and builds the examples against it, by the CMake package
# and by pkg-config, then runs them.   usage: package_test.sh SOURCE_DIRECTORY BUILD_DIRECTORY
set -euo pipefail
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >/dev/null
test -x "$work/prefix/bin/quiver"
grep -q '^.TH QUIVER 1' "$work/prefix/share/man/man1/quiver.1"
bash -n "$work/prefix/share/bash-completion/completions/quiver"
if grep -rqF "$source" "$work/prefix/lib" --include='*.cmake' --include='*.pc'; then
  echo "FAILED: the package carries a path of the build machine"; exit 1
fi
cmake -S "$source/examples" -B "$work/examples" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" \
      -DCMAKE_BUILD_TYPE=Debug >/dev/null
cmake --build "$work/examples" >/dev/null
test "$("$work/examples/01_open_put_get" "$work/db1")" = red
test "$("$work/examples/02_batch_and_scan" "$work/db2" | head -n 1)" = "fruit/0 fruit/1 fruit/2 fruit/4 "
test "$("$work/examples/03_snapshot" "$work/db3")" = "then 10, now 12"
"$work/examples/04_settings_and_metrics" "$work/db4" | grep -q memtable
pc=$(dirname "$(find "$work/prefix" -name quiver.pc)")
flags=$(PKG_CONFIG_PATH="$pc" pkg-config --cflags --libs --static quiver)
# shellcheck disable=SC2086
g++ -std=c++23 "$source/examples/01_open_put_get.cc" -o "$work/by_pkg_config" $flags
test "$("$work/by_pkg_config" "$work/db5")" = red
echo "package: installed, found by CMake and pkg-config, 4 examples right"
