#include "io/posix_log_file.h"

#include <sys/mman.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/coding.h"
#include "base/try.h"
#include "io/posix_error.h"

namespace quiver::io {

namespace {

// Numbers of linux/magic.h, of which older copies lack some.
constexpr long kExtMagic = 0xEF53;
constexpr long kXfsMagic = 0x58465342;
constexpr long kTmpfsMagic = 0x01021994;

// Of the log that is mapped at a time: little to take from the writer at a sync, much to a system
// call that moves it.
constexpr std::uint64_t kWindowBytes = std::uint64_t{1} << 20;

// madvise(2), since Linux 5.14.
constexpr int kMadvisePopulateWrite = 23;

std::uint64_t PageBytes() noexcept {
  static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return page_bytes;
}

}  // namespace

bool MappingIsSafe(int fd) noexcept {
  struct statfs status = {};
  if (RetryInterrupted([&] { return ::fstatfs(fd, &status); }) != 0) return false;
  const auto type = static_cast<long>(status.f_type);
  return type == kExtMagic || type == kXfsMagic || type == kTmpfsMagic;
}

Result<void> PosixWrittenLogFile::Reserve(std::uint64_t bytes) {
  const std::uint64_t reserved_before = file_.reserved_bytes();
  if (bytes <= reserved_before) return {};
  QUIVER_TRY(file_.CheckSyncs());
  QUIVER_TRY(file_.Reserve(bytes));
  Result<void> synced = file_.Sync();
  if (!synced) file_.UndoReserve(reserved_before);
  return synced;
}

Result<void> PosixMappedLogFile::Reserve(std::uint64_t bytes) {
  if (bytes <= file_.reserved_bytes()) return {};
  QUIVER_TRY(file_.CheckSyncs());
  return file_.Reserve(bytes);
}

bool PosixMappedLogFile::MoveWindow(std::uint64_t offset) noexcept {
  // Sync goes through the descriptor and never looks at the mapping, so the window may move beside
  // it; every other call is the caller's own thread.
  Unmap();
  const std::uint64_t begin = offset / PageBytes() * PageBytes();
  const auto bytes =
      static_cast<std::size_t>(std::min(kWindowBytes, file_.reserved_bytes() - begin));
  // Populating takes the page faults now, all at once, and turns what would be a SIGBUS later into
  // an error here. Kernels that do not know the advice fault later, on space that exists.
  void* const mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.fd(),
                              static_cast<off_t>(begin));
  if (mapped == MAP_FAILED) return false;
  window_ = static_cast<std::byte*>(mapped);
  window_begin_ = begin;
  window_bytes_ = bytes;
  const int advised =
      RetryInterrupted([&] { return ::madvise(window_, window_bytes_, kMadvisePopulateWrite); });
  if (advised == 0 || errno != EFAULT) return true;
  Unmap();
  return false;
}

Result<void> PosixMappedLogFile::WriteAt(std::uint64_t offset, std::string_view bytes) {
  QUIVER_CHECK(file_.open());
  QUIVER_TRY(file_.CheckRange(offset, bytes.size()));
  if (bytes.empty()) return {};
  if (!InWindow(offset, bytes.size())) [[unlikely]] {
    const bool fits = bytes.size() <= kWindowBytes - PageBytes();
    if (!fits || !MoveWindow(offset) || !InWindow(offset, bytes.size())) {
      return file_.Write(offset, bytes);
    }
  }
  std::memcpy(window_ + (offset - window_begin_), bytes.data(), bytes.size());
  return {};
}

Result<void> PosixMappedLogFile::WriteAtDurably(std::uint64_t offset, std::string_view bytes) {
  QUIVER_TRY(file_.CheckSyncs());
  QUIVER_TRY(WriteAt(offset, bytes));
  return file_.Sync();
}

void PosixMappedLogFile::Unmap() noexcept {
  if (window_ == nullptr) return;
  (void)::munmap(window_, window_bytes_);
  window_ = nullptr;
  window_begin_ = 0;
  window_bytes_ = 0;
}

Result<void> PosixMappedLogFile::CloseAt(std::uint64_t size_bytes) {
  Unmap();
  return file_.CloseAt(size_bytes);
}

}  // namespace quiver::io
