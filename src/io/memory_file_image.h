// MemoryFileImage: the bytes of one file as the running system sees them, as the disk surely holds
// them, and everything in between that a power cut may leave.
//
// Invariants:
//  1. current = durable with all unsynced changes applied in order.
//  2. After a crash every 512-byte sector shows the effect of some first few of the changes that
//     touch it, each sector on its own: sectors are written whole, and in any order. The crash
//     model may choose otherwise: kTornSectors cuts the last of these changes, kChosen keeps
//     changes whole and skips any.
//  3. After a crash the size is one that the file has had since its last sync. Where it grew and
//     the bytes did not arrive there are zeroes, as on ext4 and XFS, or with kGrownGarbage
//     anything.
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
#include "io/crash_model.h"

namespace quiver::io {

class MemoryFileImage {
 public:
  static constexpr std::uint64_t kSectorBytes = 512;

  MemoryFileImage() = default;
  /// A file with `contents` that are durable.
  explicit MemoryFileImage(std::string contents)
      : durable_(contents), current_(std::move(contents)) {}

  /// Grows the file where it has to. `ordinal` is the change's place among all of the disk.
  void Write(std::uint64_t offset, std::string_view bytes, std::uint64_t ordinal = 0);
  /// Cuts, or grows with zeroes.
  void Resize(std::uint64_t size_bytes, std::uint64_t ordinal = 0);
  /// Makes the current bytes durable. Costs what was written since the last sync.
  void Sync();

  const std::string& current() const noexcept { return current_; }
  const std::string& durable() const noexcept { return durable_; }

  /// What a crash now leaves: the durable bytes, the current ones, or a possible state between.
  std::string AfterCrash(const CrashModel& model) const;
  /// Adds the ordinals of the changes since the last sync.
  void AddUnsynced(std::set<std::uint64_t>& ordinals) const;

 private:
  // A write, or with no bytes a change of the size alone.
  struct Change {
    std::uint64_t offset;
    std::string bytes;
    std::uint64_t size_before;
    std::uint64_t size_after;
    std::uint64_t ordinal;

    /// The bytes touched, [first, last); those that a cut removes count as touched.
    std::uint64_t first() const;
    std::uint64_t last() const;
    /// Applies to `image` what falls in [from, to).
    void ApplyWithin(std::uint64_t from, std::uint64_t to, std::string& image) const;
  };

  std::string WithChosen(const CrashModel& model) const;
  std::string WithSectors(const CrashModel& model) const;
  /// Brings the first `arrived` of a sector's changes into `image`, as the model has it.
  static void ApplyToSector(const std::vector<const Change*>& changes, std::uint64_t arrived,
                            std::uint64_t sector, const CrashModel& model, std::string& image);

  std::string durable_;
  std::string current_;
  std::vector<Change> unsynced_;
};

}  // namespace quiver::io
