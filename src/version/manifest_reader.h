// ManifestReader: the read side of one manifest file.
//
// It tells a torn tail from damage. A record that a crash cut short was never acknowledged, and
// nothing can stand behind it, because the writer syncs each record before it writes the next. So a
// bad record with no good one behind it is left out, with a note; a bad record with a good one
// behind it, or a bad first record (CURRENT names a manifest only once that one is durable), is
// kCorruption.
//
// Invariants:
//  1. No byte is believed before the checksum over it holds, and nothing is allocated for a length
//     before the file is known to hold that much.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "quiver/error.h"
#include "version/manifest_format.h"

namespace quiver {

/// No manifest is larger: one is rolled over at four times its snapshot, which has less than 4 GiB.
inline constexpr std::uint64_t kManifestBytesMax = std::uint64_t{20} << 30;

class ManifestReader {
 public:
  /// Reads the header of the manifest `bytes`, found in file `name`. Both must outlive the reader.
  static Result<ManifestReader> Open(std::string_view bytes, std::string_view name);

  const manifest::Header& header() const noexcept { return header_; }

  /// The next record, or nothing at the end. A torn tail is an end and sets note().
  Result<std::optional<manifest::Record>> Next();
  /// What was left out at the end, or empty.
  const std::string& note() const noexcept { return note_; }

  /// Goes on behind a damaged place: the next record that verifies on its own, or nothing.
  std::optional<manifest::Record> SkipDamage();

 private:
  ManifestReader(std::string_view bytes, std::string_view name, manifest::Header header)
      : bytes_(bytes),
        name_(name),
        header_(header),
        offset_(manifest::kHeaderBytes),
        chain_(header.checksum) {}

  Result<std::optional<manifest::Record>> EndOrDamage();
  std::optional<manifest::Record> FindRecordBehind(std::uint64_t offset) const;
  void StepOver(const manifest::Record& record);
  Error Damaged(std::uint64_t offset, std::string_view what) const;

  std::string_view bytes_;
  std::string_view name_;
  manifest::Header header_;
  std::uint64_t offset_;
  std::uint64_t chain_;
  std::uint32_t record_number_ = 0;
  bool ended_ = false;
  std::string note_;
};

}  // namespace quiver
