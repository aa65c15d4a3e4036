#!/usr/bin/env python3
"""Every engine of this build through the driver, on a thousand entries: smoke_test.py QUIVER-BENCH.

Checks what the program writes: every engine has figures, medians lie between minima and maxima, ratios
agree with the rows, and a run that cannot work fails.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

GROUPS = "bulk,load,batch,sync,memtable,reads,overwrite,reopen"
ROWS = ["bulk_load", "fillrandom_t1", "batch100", "sync_put_t8", "get_hit_t1", "get_hit_t2", "get_miss_t1", "multiget32",
        "seek10", "seek10_new", "scan_forward", "scan_backward", "overwrite_t1", "overwrite_p9999",
        "overwrite_write_amplification", "reopen"]


def check(condition, what):
    if not condition:
        sys.exit(f"bench smoke test: {what}")


def check_row(row):
    where = f"{row['row']} of {row['engine']}"
    check(0 <= row["min"] <= row["median"] <= row["max"], f"{where}: {row}")
    check(row["version"], f"{where} has no version")
    if row["limit"] is not None:
        check(row["limit"] > 0 and row["efficiency"] > 0, f"{where}: limit {row['limit']}")


def check_ratio(ratio, rows):
    mine = rows[ratio["dataset"], ratio["row"], "quiver"]
    peers = [row for (dataset, name, engine), row in rows.items()
             if (dataset, name) == (ratio["dataset"], ratio["row"]) and engine != "quiver"]
    if ratio["kind"] != "ratio" or not peers or not mine["median"] or ratio["ratio"] is None:
        return
    more = mine["more_is_better"]
    best = (max if more else min)(peers, key=lambda row: row["median"])
    check(ratio["best_peer"] == best["engine"], f"{ratio['row']}: the best peer is {best['engine']}")
    wanted = mine["median"] / best["median"] if more else best["median"] / mine["median"]
    check(abs(ratio["ratio"] - wanted) <= 1e-6 * wanted, f"{ratio['row']}: ratio {ratio['ratio']}, not {wanted}")


def run(binary, folder, *flags):
    return subprocess.run([binary, "--directory", folder, *flags], capture_output=True, text=True, timeout=100, check=False)


def quick_folder():
    """Memory where there is enough of it: syncs of a busy disk would take most of the test's time."""
    shared = "/dev/shm"
    if os.path.isdir(shared) and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 1 << 30:
        return shared
    return None


def check_resumed(binary, folder):
    """A run that is killed goes on where it ended, and its children that had ended are not run again."""
    output, journal = folder / "resumed.json", folder / "journal"
    flags = [binary, "--directory", str(folder), "--scale", "0.0002", "--seconds", "0.01", "--rounds", "2", "--datasets", "S,M",
             "--engines", "quiver", "--groups", GROUPS, "--json", str(output), "--journal", str(journal), "--repeats", "0", "--disturbance-percent", "1000"]
    process = subprocess.Popen(flags, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # The first line says what run it is, the second has the constants.
    while process.poll() is None and not (journal.exists() and len(journal.read_text().splitlines()) >= 6):
        time.sleep(0.002)
    process.kill()
    process.wait()
    noted = journal.read_text().count("\n")
    done = subprocess.run(flags, capture_output=True, text=True, timeout=100, check=False)
    check(done.returncode == 0, f"the second call: status {done.returncode}\n{done.stderr[-4000:]}")
    figures = json.loads(output.read_text())
    children = len([line for line in done.stderr.splitlines() if line.startswith("round ")])
    check(noted >= 6 and children == figures["runs"]["all"] - (noted - 2),
          f"{children} children ran, {noted} lines were noted, {figures['runs']}")
    check(all(row["samples"] == 2 for row in figures["rows"] if row["dataset"] == "S"), "a row has not both rounds")
    check(not journal.exists(), "the journal of a complete run is left behind")


def check_choices(binary, folder, plan, row):
    """Each value of a setting of Quiver has a column, or says why it has none."""
    output = folder / "choices.json"
    done = run(binary, str(folder), "--plan", plan, "--scale", "0.002", "--seconds", "0.01", "--rounds", "1", "--json", str(output))
    check(done.returncode == 0, f"plan {plan}: status {done.returncode}\n{done.stderr[-4000:]}")
    figures = json.loads(output.read_text())
    engines = {engine["name"] for engine in figures["engines"]}
    measured = {found["engine"] for found in figures["rows"] if found["row"] == row}
    check(len(engines) >= 4 and measured == engines, f"plan {plan}: {row} of {measured}, not of {engines}")


def main():
    binary = sys.argv[1]
    with tempfile.TemporaryDirectory(dir=quick_folder()) as folder:
        output = pathlib.Path(folder) / "figures.json"
        done = run(binary, folder, "--scale", "0.0002", "--seconds", "0.01", "--rounds", "1", "--datasets", "S,M",
                   "--engines", "quiver,rocksdb,leveldb,lmdb,wiredtiger", "--groups", GROUPS, "--json", str(output))
        check(done.returncode == 0, f"status {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        figures = json.loads(output.read_text())
        leftovers = [path.name for path in pathlib.Path(folder).iterdir() if path != output]
        check(not leftovers, f"left behind: {leftovers}")
        check_resumed(binary, pathlib.Path(folder))
        check_choices(binary, pathlib.Path(folder), "memtables", "memtable_flush")
        check_choices(binary, pathlib.Path(folder), "strategies", "strategy_scan")
        bad = run(binary, folder, "--engines", "nosuch")
        check(bad.returncode == 1 and "no engine" in bad.stderr, "an unknown engine is not refused")
    rows = {(row["dataset"], row["row"], row["engine"]): row for row in figures["rows"]}
    engines = [engine["name"] for engine in figures["engines"]]
    check(engines and engines[0] == "quiver", f"engines: {engines}")
    for name in ROWS:
        for engine in engines:
            check(any((dataset, name, engine) in rows for dataset in "SM"), f"{engine} has no row {name}")
    for row in rows.values():
        check_row(row)
    for ratio in figures["ratios"]:
        check_ratio(ratio, rows)
    check(not figures["failures"], f"failures: {figures['failures']}")
    check(figures["constants"]["memory_load_ns"] > 0, "no constants of the machine")
    print(f"bench smoke test: {len(rows)} rows of {len(engines)} engines ({', '.join(engines)})")


if __name__ == "__main__":
    main()
