// MemoryFileImage: the bytes of one file as the running system sees them, as the disk surely holds
// them, and everything in between that a power cut may leave.
//
// Invariants:
//  1. current = durable with all unsynced changes applied in order.
//  2. After a crash every 512-byte sector shows the effect of some first few of the changes that
//     touch it, each sector on its own: sectors are written whole, and in any order.
//  3. After a crash the size is one that the file has had since its last sync. Where it grew and
//     the bytes did not arrive there are zeroes, as on ext4 and XFS.
//
// The model is that of the crash testers: CrashMonkey (Mohan et al., OSDI 2018) and LazyFS (Ramos
// et al., VLDB 2024).
//
// Thread safety: none; MemoryDisk guards it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace quiver::io {

class MemoryFileImage {
 public:
  static constexpr std::uint64_t kSectorBytes = 512;

  MemoryFileImage() = default;
  /// A file with `contents` that are durable.
  explicit MemoryFileImage(std::string contents)
      : durable_(contents), current_(std::move(contents)) {}

  /// Grows the file where it has to.
  void Write(std::uint64_t offset, std::string_view bytes);
  /// Cuts, or grows with zeroes.
  void Resize(std::uint64_t size_bytes);
  /// Makes the current bytes durable. Costs what was written since the last sync.
  void Sync();

  const std::string& current() const noexcept { return current_; }
  const std::string& durable() const noexcept { return durable_; }

  /// What a crash now leaves: the durable bytes, or with `random` a possible state between those
  /// and the current ones.
  std::string AfterCrash(Random* random) const;

 private:
  // A write, or with no bytes a change of the size alone.
  struct Change {
    std::uint64_t offset;
    std::string bytes;
    std::uint64_t size_before;
    std::uint64_t size_after;

    /// The bytes touched, [first, last); those that a cut removes count as touched.
    std::uint64_t first() const;
    std::uint64_t last() const;
    /// Applies to `image` what falls in [from, to).
    void ApplyWithin(std::uint64_t from, std::uint64_t to, std::string& image) const;
  };

  std::string durable_;
  std::string current_;
  std::vector<Change> unsynced_;
};

}  // namespace quiver::io
