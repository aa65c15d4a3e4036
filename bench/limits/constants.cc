#include "limits/constants.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include "keys.h"
#include "report.h"

namespace quiver::bench {

namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kLineBytes = 64;
constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

// Keeps the compiler from dropping work whose result nobody needs.
void Use(std::uint64_t value) noexcept {
  asm volatile("" : : "r"(value) : "memory");
}

class Mapping {
 public:
  Mapping(std::size_t bytes, bool huge_pages) : bytes_(bytes) {
    void* const memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) Fail("no memory for the machine's constants");
    memory_ = static_cast<char*>(memory);
    ::madvise(memory, bytes, huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    std::memset(memory_, 1, bytes);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(memory_, bytes_); }

  char* data() const noexcept { return memory_; }
  std::size_t size() const noexcept { return bytes_; }

 private:
  std::size_t bytes_;
  char* memory_ = nullptr;
};

class File {
 public:
  File(const std::string& path, int flags) : path_(path) {
    descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  bool open() const noexcept { return descriptor_ >= 0; }
  int get() const noexcept { return descriptor_; }

 private:
  std::string path_;
  int descriptor_;
};

void Demand(bool done, std::string_view what) {
  if (!done) Fail(std::string(what) + ": " + std::strerror(errno));
}

// Walks one random cycle over all cache lines, or eight at once.
double LoadNanoseconds(const Mapping& memory, bool overlap, std::uint64_t loads) {
  const std::size_t lines = memory.size() / kLineBytes;
  const auto slot = [&](std::size_t line) {
    return reinterpret_cast<std::uint64_t*>(memory.data() + line * kLineBytes);
  };
  // Sattolo's shuffle makes a single cycle.
  for (std::size_t i = 0; i < lines; ++i) *slot(i) = i;
  for (std::size_t i = lines - 1; i > 0; --i) std::swap(*slot(i), *slot(RandomBelow(7, i, i)));
  constexpr std::size_t kChains = 8;
  const std::size_t chains = overlap ? kChains : 1;
  std::array<std::uint64_t, kChains> at{};
  for (std::size_t c = 0; c < chains; ++c) at[c] = c * (lines / kChains);
  const Stopwatch stopwatch;
  for (std::uint64_t i = 0; i < loads / chains; ++i) {
    if (overlap) {
      for (std::size_t c = 0; c < kChains; ++c) at[c] = *slot(at[c]);
    } else {
      at[0] = *slot(at[0]);
    }
  }
  Use(std::accumulate(at.begin(), at.end(), std::uint64_t{0}));
  return stopwatch.seconds() * 1e9 / static_cast<double>(loads / chains * chains);
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint64_t Crc32c(const char* data, std::size_t bytes) {
  std::uint64_t crc = ~0U;
  for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, data + i, sizeof word);
    crc = _mm_crc32_u64(crc, word);
  }
  return crc;
}
bool HasCrc32c() {
  return __builtin_cpu_supports("sse4.2") != 0;
}
#else
std::uint64_t Crc32c(const char*, std::size_t) {
  return 0;
}
bool HasCrc32c() {
  return false;
}
#endif

template <typename Work>
double SecondsOf(std::uint64_t times, Work work) {
  const Stopwatch stopwatch;
  for (std::uint64_t i = 0; i < times; ++i) work(i);
  return stopwatch.seconds();
}

void MeasureMemory(double thoroughness, MachineConstants& constants) {
  const auto loads = static_cast<std::uint64_t>(8e6 * std::max(0.05, thoroughness));
  const std::size_t bytes = thoroughness >= 1 ? std::size_t{512} << 20 : std::size_t{128} << 20;
  {
    const Mapping memory(bytes, true);
    constants.memory_load_ns = LoadNanoseconds(memory, false, loads);
    constants.memory_load_overlap_ns = LoadNanoseconds(memory, true, loads * 4);
    const std::size_t half = bytes / 2;
    const std::uint64_t copies = thoroughness >= 1 ? 8 : 2;
    constants.copy_ns_per_byte =
        SecondsOf(copies,
                  [&](std::uint64_t) { std::memcpy(memory.data(), memory.data() + half, half); }) *
        1e9 / static_cast<double>(copies * half);
    std::uint64_t sum = 0;
    const double seconds = SecondsOf(copies, [&](std::uint64_t) {
      const auto* words = reinterpret_cast<const std::uint64_t*>(memory.data());
      sum = std::accumulate(words, words + bytes / sizeof *words, sum);
      Use(sum);
    });
    constants.read_ns_per_byte = seconds * 1e9 / static_cast<double>(copies * bytes);
    if (HasCrc32c()) {
      constants.crc_ns_per_byte =
          SecondsOf(1000, [&](std::uint64_t) { Use(Crc32c(memory.data(), kBlockBytes / 16)); }) *
          1e9 / (1000.0 * kBlockBytes / 16);
    }
  }
  const Mapping small(bytes, false);
  constants.memory_load_small_ns = LoadNanoseconds(small, false, loads / 2);
}

double MedianSyncMicroseconds(std::uint64_t times, const std::function<void(std::uint64_t)>& sync) {
  std::vector<double> values;
  for (std::uint64_t i = 0; i < times; ++i) {
    const Stopwatch stopwatch;
    sync(i);
    values.push_back(stopwatch.seconds() * 1e6);
  }
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(times / 2),
                   values.end());
  return values[times / 2];
}

void MeasureCalls(const std::string& path, const Mapping& memory, double thoroughness,
                  MachineConstants& constants) {
  const auto times = static_cast<std::uint64_t>(400'000 * std::max(0.1, thoroughness));
  constexpr std::size_t kSmallBytes = 120;
  {
    const File file(path, O_CREAT | O_TRUNC | O_RDWR);
    Demand(file.open(), "cannot create " + path);
    constants.write_call_us = SecondsOf(times,
                                        [&](std::uint64_t) {
                                          Demand(::write(file.get(), memory.data(), kSmallBytes) ==
                                                     static_cast<ssize_t>(kSmallBytes),
                                                 "write");
                                        }) *
                              1e6 / static_cast<double>(times);
  }
  const File file(path, O_CREAT | O_TRUNC | O_RDWR);
  Demand(file.open(), "cannot create " + path);
  const std::uint64_t blocks = thoroughness >= 1 ? 512 : 64;
  constants.write_ns_per_byte =
      SecondsOf(blocks,
                [&](std::uint64_t) {
                  Demand(::write(file.get(), memory.data(), kBlockBytes) ==
                             static_cast<ssize_t>(kBlockBytes),
                         "write");
                }) *
      1e9 / static_cast<double>(blocks * kBlockBytes);
  const std::uint64_t pages = blocks * (kBlockBytes / kPageBytes);
  constants.cached_read_us =
      SecondsOf(times,
                [&](std::uint64_t i) {
                  const auto place = static_cast<off_t>(RandomBelow(3, i, pages) * kPageBytes);
                  Demand(::pread(file.get(), memory.data(), kPageBytes, place) ==
                             static_cast<ssize_t>(kPageBytes),
                         "pread");
                }) *
      1e6 / static_cast<double>(times);
}

void MeasureSyncs(const std::string& path, const Mapping& memory, double thoroughness,
                  MachineConstants& constants) {
  const auto times = static_cast<std::uint64_t>(2000 * std::max(0.02, thoroughness));
  const auto page = static_cast<ssize_t>(kPageBytes);
  const auto place = [](std::uint64_t i) { return static_cast<off_t>(i * kPageBytes); };
  {
    const File file(path, O_CREAT | O_TRUNC | O_RDWR);
    Demand(file.open(), "cannot create " + path);
    const auto write_and_sync = [&](std::uint64_t i) {
      Demand(::pwrite(file.get(), memory.data(), kPageBytes, place(i)) == page, "pwrite");
      Demand(::fdatasync(file.get()) == 0, "fdatasync");
    };
    constants.sync_grow_us = MedianSyncMicroseconds(times, write_and_sync);
    constants.sync_overwrite_us = MedianSyncMicroseconds(times, write_and_sync);
  }
  const File file(path, O_RDWR | O_DIRECT);
  if (!file.open()) return;
  iovec part{memory.data(), kPageBytes};
  if (::pwritev2(file.get(), &part, 1, 0, RWF_DSYNC) != page) return;
  constants.sync_direct_us = MedianSyncMicroseconds(times, [&](std::uint64_t i) {
    Demand(::pwritev2(file.get(), &part, 1, place(i), RWF_DSYNC) == page, "pwritev2");
  });
}

void MeasureDisk(const std::string& path, const Mapping& memory, double thoroughness,
                 MachineConstants& constants) {
  const std::uint64_t blocks = thoroughness >= 1 ? 2048 : 128;
  const auto block = static_cast<ssize_t>(kBlockBytes);
  File file(path, O_CREAT | O_TRUNC | O_RDWR | O_DIRECT);
  if (!file.open()) return;  // tmpfs and others know no direct access: no figure
  const double bytes = static_cast<double>(blocks * kBlockBytes);
  const Stopwatch writing;
  for (std::uint64_t i = 0; i < blocks; ++i) {
    Demand(::write(file.get(), memory.data(), kBlockBytes) == block, "direct write");
  }
  Demand(::fdatasync(file.get()) == 0, "fdatasync");
  constants.disk_write_ns_per_byte = writing.seconds() * 1e9 / bytes;
  constants.disk_read_ns_per_byte =
      SecondsOf(blocks,
                [&](std::uint64_t i) {
                  const auto place = static_cast<off_t>(i * kBlockBytes);
                  Demand(::pread(file.get(), memory.data(), kBlockBytes, place) == block,
                         "direct read");
                }) *
      1e9 / bytes;
  const auto times = static_cast<std::uint64_t>(20'000 * std::max(0.05, thoroughness));
  constants.disk_read_us = MedianSyncMicroseconds(times, [&](std::uint64_t i) {
    const std::uint64_t page = RandomBelow(5, i, blocks * (kBlockBytes / kPageBytes));
    Demand(::pread(file.get(), memory.data(), kPageBytes, static_cast<off_t>(page * kPageBytes)) ==
               static_cast<ssize_t>(kPageBytes),
           "direct read");
  });
}

}  // namespace

double MachineConstants::sync_us() const noexcept {
  const double buffered = std::min(sync_grow_us, sync_overwrite_us);
  return sync_direct_us > 0 ? std::min(buffered, sync_direct_us) : buffered;
}

MachineConstants MeasureConstants(const std::string& directory, double thoroughness) {
  MachineConstants constants;
  constants.processors = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
  MeasureMemory(thoroughness, constants);
  const std::string path = directory + "/quiver-bench-constants";
  const Mapping memory(kHugePageBytes, true);
  MeasureCalls(path, memory, thoroughness, constants);
  MeasureSyncs(path, memory, thoroughness, constants);
  MeasureDisk(path, memory, thoroughness, constants);
  ::unlink(path.c_str());
  return constants;
}

void ForEachConstant(MachineConstants& constants,
                     const std::function<void(std::string_view name, double& value)>& visit) {
  visit("processors", constants.processors);
  visit("memory_load_ns", constants.memory_load_ns);
  visit("memory_load_small_ns", constants.memory_load_small_ns);
  visit("memory_load_overlap_ns", constants.memory_load_overlap_ns);
  visit("copy_ns_per_byte", constants.copy_ns_per_byte);
  visit("read_ns_per_byte", constants.read_ns_per_byte);
  visit("crc_ns_per_byte", constants.crc_ns_per_byte);
  visit("write_call_us", constants.write_call_us);
  visit("write_ns_per_byte", constants.write_ns_per_byte);
  visit("cached_read_us", constants.cached_read_us);
  visit("sync_grow_us", constants.sync_grow_us);
  visit("sync_overwrite_us", constants.sync_overwrite_us);
  visit("sync_direct_us", constants.sync_direct_us);
  visit("disk_write_ns_per_byte", constants.disk_write_ns_per_byte);
  visit("disk_read_ns_per_byte", constants.disk_read_ns_per_byte);
  visit("disk_read_us", constants.disk_read_us);
}

}  // namespace quiver::bench
