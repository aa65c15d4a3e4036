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
test "$("$work/examples/05_from_c" "$work/db6")" = "fruit/apple=red fruit/lemon=yellow 
fruit/apple=eaten fruit/lemon=yellow "
# Those with real data, on this machine's packages; awk counts the same.
index=/var/lib/dpkg/status
if [ -r "$index" ]; then
  most=$(awk '/^Depends: / { sub(/^Depends: /, ""); n = split($0, each, /[,|]/); split("", seen)
                for (i = 1; i <= n; ++i) { name = each[i]; sub(/^ +/, "", name); sub(/[ (:].*/, "", name)
                  if (!(name in seen)) { seen[name]; ++needed_by[name] } } }
              END { for (name in needed_by) print name, "is needed by", needed_by[name] }' "$index" |
         LC_ALL=C sort -k5,5nr -k1,1 | sed -n 1,3p)
  packages=$(grep -c '^Package: ' "$index")
  test "$("$work/examples/06_packages" "$work/db9")" = "$packages packages
$most"
  test "$("$work/prefix/bin/quiver" count "$work/db9-emptied")" = 0
  "$work/examples/07_packages_in_c" "$work/db10" "$work/backups" >"$work/in_c"
  names=$(awk '/^Package: / { name = $2 } /^Version: / { print name }' "$index" | sort -u)
  grep -qx "$(wc -l <<<"$names") packages start with \"\"" "$work/in_c"
  grep -qx "$(grep -c ^lib <<<"$names") packages start with \"lib\"" "$work/in_c"
  grep -qx '1 backups verified, 0 damages' "$work/in_c"
else
  echo "skipped in part: this machine has no $index"
fi
pc=$(dirname "$(find "$work/prefix" -name quiver.pc)")
flags=$(PKG_CONFIG_PATH="$pc" pkg-config --cflags --libs quiver)
# The program of the README, as it stands there.
sed -n '/^```cpp$/,/^```$/p' "$source/README.md" | sed '/^```/d' | sed "s|/tmp/fruit|$work/db5|" >"$work/fruit.cc"
# shellcheck disable=SC2086
g++ -std=c++23 "$work/fruit.cc" -o "$work/by_pkg_config" $flags
test "$("$work/by_pkg_config")" = red
# The C example by the C compiler alone, without a warning.
# shellcheck disable=SC2086
gcc -std=c11 -Wall -Wextra -pedantic -Werror "$source/examples/05_from_c.c" -o "$work/c_by_pkg_config" $flags
test "$("$work/c_by_pkg_config" "$work/db7" | head -n 1)" = "fruit/apple=red fruit/lemon=yellow "
# The program of docs/c.md, which is its first block, as it stands there.
sed -n '/^```c$/,/^```$/{/^```$/q;p}' "$source/docs/c.md" | sed '/^```/d' | sed "s|/tmp/fruit|$work/db8|" >"$work/fruit.c"
# shellcheck disable=SC2086
gcc -std=c11 -Wall -Wextra -pedantic -Werror "$work/fruit.c" -o "$work/fruit_in_c" $flags
test "$("$work/fruit_in_c")" = red
# And its other blocks, in their order, on one database.
mkdir -p "$work/page/backups"
python3 "$source/bindings/c/tests/docs_program.py" "$source/docs/c.md" "$work/page" >"$work/page.c"
# shellcheck disable=SC2086
gcc -std=c11 -Wall -Wextra -pedantic -Werror "$work/page.c" -o "$work/page_in_c" $flags
test "$("$work/page_in_c")" = "the page runs"
# Likewise the C++ blocks of the pages. They leave out what a program does with a result.
mkdir -p "$work/pages/data" "$work/pages/mnt/backups"
python3 "$source/tests/docs_program.py" "$source/docs" "$work/pages" >"$work/pages.cc"
# shellcheck disable=SC2086
g++ -std=c++23 -Wall -Wextra -Werror -Wno-unused-result "$work/pages.cc" -o "$work/pages_in_cc" $flags
test "$("$work/pages_in_cc" | tail -n 1)" = "the pages run"
# A C++ program of an older standard may use the C API.
printf '#include <quiver/c_admin.h>\nint main() { return quiver_code_name(0)[0] != 111; }\n' >"$work/older.cc"
# shellcheck disable=SC2086
g++ -std=c++11 "$work/older.cc" -o "$work/older_program" $flags
"$work/older_program"
# shellcheck disable=SC2086
if g++ -std=c++20 -fsyntax-only "$work/fruit.cc" $flags 2>"$work/older"; then
  echo "FAILED: C++20 is accepted"; exit 1
fi
grep -m 1 error: "$work/older" | grep -q 'Quiver needs C++23'
echo "package: installed, found by CMake and pkg-config, 7 examples and the pages right"
