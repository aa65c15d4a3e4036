#!/usr/bin/env python3
"""The seam as a test: of the whole library only the io floor's POSIX objects may call the operating
system for files, and one object each for time, randomness and threads, so that a test can record,
fail, reorder or lose any such call. Read from the symbols that the built objects import.

Whatever is imported from outside of Quiver is a call of the operating system unless it stands in
PURE (C) or is known to compute only (C++): a call that nobody thought of, such as splice, shows.
What the symbols do not show: instructions (a system call in assembly, rdtsc), and which function of
an object calls; scripts/style.py bans clocks, threads and std::random_device by their names.

usage: seam_test.py DIRECTORY_OF_LIBRARIES
"""
import pathlib
import re
import subprocess
import sys

# Of the C library, the compiler's runtime and the codecs: what computes, allocates, locks or aborts.
PURE = re.compile("|".join((
    r"mem(cpy|move|set|cmp|chr|rchr|mem)|bcmp|str(n?len|n?cmp|n?cpy|r?chr|str|tod|tof|tol|toll|toul|toull|error|error_r)|v?snprintf",
    r"malloc|calloc|realloc|free|aligned_alloc|posix_memalign|abort|qsort|bsearch",
    r"(l|ll)?(round|rint|abs)f?|(ceil|floor|trunc|nearbyint|log|log2|log10|log1p|exp|exp2|expm1|pow|sqrt|cbrt|fmod|ldexp|frexp|fma)f?",
    r"pthread_mutex_\w+|pthread_rwlock_\w+|pthread_cond_(init|destroy|wait|signal|broadcast)|pthread_(self|equal|once|key_create|getspecific|setspecific)",
    r"_GLOBAL_OFFSET_TABLE_|_Unwind_\w+|__(cxa|gxx)_\w+|__(dso_handle|dynamic_cast|tls_get_addr|errno_location|libc_single_threaded|stack_chk_fail|assert_fail)",
    r"__cpu_(model|indicator_init)|__\w+[sdt]i[0-9]|LZ4F?_\w+|ZSTD_\w+")))
# Of the C++ library: what calls the operating system.
CXX_SYSTEM = re.compile(r"_ZN?K?St10filesystem(?!7__cxx114path)|_ZNSt6chrono\S*(clock3now|tzdb|_zone)|_ZNK?St6thread(?!6_State)|_ZNSt11this_thread|"
                        r"_ZN?K?St\S*random_device|_ZT?[A-Z]*St\S*basic_([io]?fstream|filebuf)|_ZNK?St12__basic_file|"
                        r"_ZSt[0-9]w?(cin|cout|cerr|clog)$|_ZNSt8ios_base4Init|_ZNK?St13__future_base|_ZNSt28__atomic_futex")
FILES = re.compile("|".join((
    r"open|openat|openat2|creat|close|closedir|read|write|p?readv?|p?writev?|preadv2?|pwritev2?|lseek|fsync|fdatasync|sync_file_range|syncfs",
    r"renameat2?|unlinkat|linkat|mkdir(at)?|rmdir|fdopendir|readdir|fstat|fstatat|fstatv?fs|statx|ftruncate|(posix_)?fallocate|mmap|munmap|madvise|msync|flock|fcntl|ioctl",
    r"getpid|sysconf")))
STEADY_NOW = r"_ZNSt6chrono3_V212steady_clock3nowEv"
# object, symbol, why
ALLOWED = [
    (r"libquiver_io\.a:posix_\w+\.cc\.o", FILES.pattern, "the seam itself: files, not time, randomness or threads"),
    (r"libquiver_io\.a:posix_file_system\.cc\.o", r"_ZNSt10filesystem9canonical\w+", "a database's directory by its real name"),
    (r"libquiver_io\.a:system_clock\.cc\.o", r"_ZNSt6chrono\S+clock3nowEv|clock_nanosleep|nanosleep", "time, behind io::Clock"),
    (r"libquiver_io\.a:system_environment\.cc\.o", r"getrandom", "randomness, behind io::Environment"),
    (r"libquiver_io\.a:thread_pool\.cc\.o", rf"_ZNK?St6thread\w+|pthread_create|pthread_setname_np|pthread_sigmask|sig(fill|del)set|pthread_cond_clockwait|{STEADY_NOW}",
     "the only threads, behind io::Executor"),
    (r"libquiver_io\.a:fork_guard\.cc\.o", r"pthread_atfork", "a child made by fork() has no threads: it is told"),
    (r"libquiver_io\.a:memory_directory\.cc\.o", r"getpid", "the message of the lock on a disk in memory"),
    (r"libquiver_(base|db|wal)\.a:.*", rf"{STEADY_NOW}|pthread_cond_clockwait", "time-outs of CondVar, base/mutex.h"),
    (r"libquiver_base\.a:.*", r"madvise", "base/huge_memory.cc: advice, whose refusal changes nothing"),
    (r"libquiver_base\.a:.*", r"stderr|v?fprintf|fputs|fputc|fwrite", "the last words of a failed QUIVER_CHECK"),
    (r"libquiver_memtable\.a:.*", r"sched_yield", "memtable/optimistic_lock.h: who has spun long gives way"),
]


def plain(symbol):
    """Without the forms that the C library gives a call: 64, __x_chk, __x_2, __isoc23_x."""
    symbol = re.sub(r"^__isoc\d\d_", "", symbol.split("@")[0])
    symbol = re.sub(r"^__(\w+?)(?:64)?_(?:chk|2)$", r"\1", symbol)
    return symbol.removesuffix("64")


def is_system(symbol):
    if symbol.startswith("_Z"):
        return CXX_SYSTEM.match(symbol) is not None
    return not PURE.fullmatch(plain(symbol))


def may(place, symbol):
    return any(re.fullmatch(where, place) and re.fullmatch(what, plain(symbol)) for where, what, _ in ALLOWED)


def symbols(path, *flags):
    """(member, symbol) of each object in a library, or of one object."""
    out = subprocess.run(["nm", *flags, "--format=posix", "-A", str(path)], capture_output=True, text=True, check=True)
    for line in out.stdout.splitlines():
        place, symbol = line.split(": ", 1)
        member = re.search(r"\[(.*)\]$", place)
        yield f"{path.name}:{member.group(1)}" if member else path.name, symbol.split()[0].split("@")[0]


def check_rule():
    """That the rule itself sees what it is for, at an object of the engine, of the C API and at the seam."""
    wrong = []
    calls = """pwritev2 preadv2 preadv64v2 copy_file_range sendfile sendfile64 splice tee vmsplice mmap mmap64 mremap munmap mlock memfd_create getrandom getentropy
        clock_gettime gettimeofday time times nanosleep pthread_create pthread_cond_timedwait fork vfork execve syscall open64 __open_2 __open64_2 __read_chk fopen64 getenv
        io_uring_enter io_submit socket rand arc4random a_call_of_tomorrow rename remove stat truncate system
        _ZNSt6chrono3_V212steady_clock3nowEv _ZNSt6chrono3_V212system_clock3nowEv _ZNSt13random_device9_M_getvalEv _ZNSt13random_device7_M_initERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE
        _ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE _ZNSt6thread6detachEv _ZNSt6thread20hardware_concurrencyEv
        _ZNSt10filesystem6removeERKNS_7__cxx114pathE _ZNSt10filesystem6statusERKNS_7__cxx114pathE _ZNSt10filesystem4copyERKNS_7__cxx114pathES3_NS_12copy_optionsE
        _ZNSt10filesystem7__cxx1118directory_iteratorC1ERKNS0_4pathENS_17directory_optionsEPSt10error_code _ZNSt13basic_filebufIcSt11char_traitsIcEE4openEPKcSt13_Ios_Openmode
        _ZNSt14basic_ofstreamIcSt11char_traitsIcEEC1Ev _ZTVSt13basic_filebufIcSt11char_traitsIcEE _ZSt4cout _ZNSt8ios_base4InitC1Ev""".split()
    for place in ("libquiver_compaction.a:unity_0_cxx.cxx.o", "database.cc.o", "libquiver_io.a:rate_limiter.cc.o"):
        wrong += [f"{symbol} at {place} is not seen" for symbol in calls if not is_system(symbol) or may(place, symbol)]
    computes = """memcpy __memcpy_chk strlen malloc pthread_mutex_lock __isoc23_strtoul _Unwind_Resume __popcountdi2 ZSTD_compress2 LZ4F_decompress
        _ZNSt10filesystem7__cxx114pathdVERKS1_ _ZNKSt10filesystem7__cxx114path7compareERKS1_ _ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE _Znwm
        _ZNSt6locale7classicEv""".split()
    wrong += [f"{symbol} is no call of the operating system" for symbol in computes if is_system(symbol)]
    seam = "libquiver_io.a:posix_file.cc.o"
    wrong += [f"{symbol} may not be called at {seam}" for symbol in ("pread64", "fdatasync", "pwritev2") if not may(seam, symbol)]
    wrong += [f"{symbol} may be called at {seam}" for symbol in ("getrandom", "pthread_create", STEADY_NOW, "clock_gettime", "sendfile") if may(seam, symbol)]
    return wrong


def main():
    if wrong := check_rule():
        print("FAILED: the rule of this test: " + "; ".join(wrong))
        return 1
    source = pathlib.Path(sys.argv[1])
    libraries = sorted(source.glob("libquiver_*.a"))
    floors = {"base", "io", "wal", "memtable", "arrow_ipc", "sstable", "version", "compaction", "config", "iterator", "metrics", "db", "admin"}
    missing = {f"libquiver_{floor}.a" for floor in floors} - {library.name for library in libraries}
    c_api = sorted((source.parent / "bindings" / "c").glob("CMakeFiles/quiver_c_api.dir/*.o"))
    if missing or not c_api:
        print(f"FAILED: nothing to look at: {', '.join(sorted(missing)) or 'the objects of the C API'}")
        return 1
    objects = libraries + c_api
    own = {symbol for path in objects for _, symbol in symbols(path, "--defined-only")}
    found = failed = 0
    used = set()
    for path in objects:
        for place, symbol in symbols(path, "-u"):
            if symbol in own or not is_system(symbol):
                continue
            found += 1
            used |= {index for index, (where, what, _) in enumerate(ALLOWED) if re.fullmatch(where, place) and re.fullmatch(what, plain(symbol))}
            if not may(place, symbol):
                failed += 1
                print(f"FAILED: {place} calls {symbol}: go through src/io instead")
    for where, what, why in (ALLOWED[index] for index in sorted(set(range(len(ALLOWED))) - used)):
        failed += 1
        print(f"FAILED: nothing needs this permission any more: {where} {what} ({why})")
    if found < 60:
        print(f"FAILED: only {found} calls of the operating system found: the test does not see them any more")
        return 1
    print(f"seam: {len(libraries)} libraries and {len(c_api)} objects of the C API, {found} imports of the operating system, {failed} outside of the seam")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
