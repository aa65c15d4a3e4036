#!/usr/bin/env python3
"""The seam as a test: of the whole library only the io floor's POSIX objects may call the operating
system for files, time, randomness or threads, so that a test can record, fail, reorder or lose any
such call. Read from the symbols that the built objects import.

usage: seam_test.py DIRECTORY_OF_LIBRARIES
"""
import pathlib
import re
import subprocess
import sys

FILES = """open openat creat read write pread pwrite preadv pwritev lseek fsync fdatasync sync_file_range syncfs sync
rename renameat renameat2 unlink unlinkat remove link linkat symlink mkdir mkdirat rmdir opendir fdopendir readdir
stat lstat fstat fstatat statvfs fstatvfs statx access truncate ftruncate fallocate posix_fallocate mmap msync flock
fcntl ioctl fopen fdopen freopen fread fwrite""".split()
OTHER = """pthread_create fork vfork execve clock_gettime gettimeofday time nanosleep clock_nanosleep usleep sleep
getrandom getentropy random rand rand_r drand48 syscall""".split()
NAMES = set(FILES) | {name + "64" for name in FILES} | set(OTHER)
CXX = re.compile(r"_ZNSt(6thread15_M_start_thread|6chrono3_V21[0-9]\w*clock3now|13random_device|10filesystem\w*"
                 r"(remove|rename|create|exists|status|file_size|resize|space|directory_iterator)|"
                 r"\d+basic_(i|o)?fstream|\d+basic_filebuf)")
# object, symbol, why
ALLOWED = [
    (r"libquiver_io\.a:.*posix_\w+\.cc\.o", r".*", "the seam itself"),
    (r"libquiver_io\.a:(system_clock|system_environment)\.cc\.o", r".*", "time and randomness behind their interfaces"),
    (r"libquiver_io\.a:thread_pool\.cc\.o", r"_ZNSt6(thread|chrono).*|pthread_create", "the only threads"),
    (r"libquiver_(base|db|io|wal)\.a:.*", r"_ZNSt6chrono3_V212steady_clock3nowEv", "time-outs of CondVar, base/mutex.h"),
]


def imports(library):
    out = subprocess.run(["nm", "-u", "--format=posix", "-A", str(library)], capture_output=True, text=True, check=True)
    for line in out.stdout.splitlines():
        place, symbol = line.split(": ", 1)
        member = re.search(r"\[(.*)\]$", place)
        yield f"{library.name}:{member.group(1) if member else '?'}", symbol.split()[0].split("@")[0]


def main():
    libraries = sorted(pathlib.Path(sys.argv[1]).glob("libquiver_*.a"))
    names = {library.name for library in libraries}
    floors = {"base", "io", "wal", "memtable", "sstable", "version", "compaction", "db", "admin"}
    missing = {f"libquiver_{floor}.a" for floor in floors} - names
    if missing:
        print(f"FAILED: no library to look at: {', '.join(sorted(missing))}")
        return 1
    found = failed = 0
    for library in libraries:
        for place, symbol in imports(library):
            if symbol not in NAMES and not CXX.match(symbol):
                continue
            found += 1
            if not any(re.fullmatch(where, place) and re.fullmatch(what, symbol) for where, what, _ in ALLOWED):
                failed += 1
                print(f"FAILED: {place} calls {symbol}: go through src/io instead")
    if found < 20:
        print(f"FAILED: only {found} calls of the operating system found: the test does not see them any more")
        return 1
    print(f"seam: {len(libraries)} libraries, {found} imports of the operating system, {failed} outside of the seam")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
