#include "io/posix_log_file.h"

#include <sys/mman.h>
#include <sys/vfs.h>

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

Result<void> PosixMappedLogFile::Map(std::uint64_t from, std::uint64_t to) {
  const auto wanted = static_cast<std::size_t>(AlignUp(to, PageBytes()));
  if (wanted > mapped_bytes_) {
    // Sync goes through the descriptor and never looks at the mapping, so the mapping may move
    // beside it; every other call is the caller's own thread.
    void* const result =
        mapping_ == nullptr
            ? ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_SHARED, file_.fd(), 0)
            : ::mremap(mapping_, mapped_bytes_, wanted, MREMAP_MAYMOVE);
    if (result == MAP_FAILED) {
      return PosixError(errno, "cannot map " + std::to_string(wanted) + " bytes into memory",
                        file_.name());
    }
    mapping_ = static_cast<std::byte*>(result);
    mapped_bytes_ = wanted;
  }
  // Takes the page faults now rather than in WriteAt, and turns what would be a SIGBUS there into
  // an error here. Kernels that do not know the advice fault later, on space that exists.
  const auto fresh = static_cast<std::size_t>(AlignUp(from, PageBytes()));
  if (fresh >= wanted) return {};
  const int advised = RetryInterrupted(
      [&] { return ::madvise(mapping_ + fresh, wanted - fresh, kMadvisePopulateWrite); });
  if (advised != 0 && errno == EFAULT) {
    return PosixError(EIO, "cannot make the mapping writable", file_.name(), fresh);
  }
  return {};
}

Result<void> PosixMappedLogFile::Reserve(std::uint64_t bytes) {
  const std::uint64_t reserved_before = file_.reserved_bytes();
  if (bytes <= reserved_before) return {};
  QUIVER_TRY(file_.CheckSyncs());
  QUIVER_TRY(file_.Reserve(bytes));
  Result<void> mapped = Map(reserved_before, bytes);
  // The mapping may then be longer than the file; CheckRange keeps writes out of that part.
  if (!mapped) file_.UndoReserve(reserved_before);
  return mapped;
}

Result<void> PosixMappedLogFile::WriteAt(std::uint64_t offset, std::string_view bytes) {
  QUIVER_CHECK(file_.open());
  QUIVER_TRY(file_.CheckRange(offset, bytes.size()));
  if (!bytes.empty()) std::memcpy(mapping_ + offset, bytes.data(), bytes.size());
  return {};
}

Result<void> PosixMappedLogFile::WriteAtDurably(std::uint64_t offset, std::string_view bytes) {
  QUIVER_TRY(file_.CheckSyncs());
  QUIVER_TRY(WriteAt(offset, bytes));
  return file_.Sync();
}

void PosixMappedLogFile::Unmap() noexcept {
  if (mapping_ == nullptr) return;
  (void)::munmap(mapping_, mapped_bytes_);
  mapping_ = nullptr;
  mapped_bytes_ = 0;
}

Result<void> PosixMappedLogFile::CloseAt(std::uint64_t size_bytes) {
  Unmap();
  return file_.CloseAt(size_bytes);
}

}  // namespace quiver::io
