// ManifestWriter: the write side of one manifest file.
//
// Invariants:
//  1. Whatever Create or Append returned ok for is durable in the file; the file's name is durable
//     once the caller has synced the directory.
//  2. After a failed call the file is not written any more: drop the writer.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "io/directory.h"
#include "quiver/error.h"
#include "version/manifest_format.h"
#include "version/version_edit.h"

namespace quiver {

class ManifestWriter {
 public:
  /// Makes manifest `number` with `snapshot` as its first record. A file that could not be
  /// completed is removed again.
  static Result<std::unique_ptr<ManifestWriter>> Create(io::Directory& directory,
                                                        DatabaseId database_id,
                                                        std::uint64_t number,
                                                        const VersionEdit& snapshot);

  Result<void> Append(const VersionEdit& edit) { return AppendRecord(kEdit, edit); }
  /// Marks everything so far as acknowledged and closes the file. No other call afterwards.
  Result<void> Finish(const VersionEdit& last_numbers);

  std::uint64_t number() const noexcept { return header_.number; }
  std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  /// Bytes of the header and the snapshot.
  std::uint64_t snapshot_bytes() const noexcept { return snapshot_bytes_; }

 private:
  static constexpr auto kEdit = manifest::RecordKind::kEdit;

  ManifestWriter(manifest::Header header, std::unique_ptr<io::WritableFile> file)
      : header_(header), file_(std::move(file)) {}

  Result<void> Begin(const VersionEdit& snapshot);
  Result<void> AppendRecord(manifest::RecordKind kind, const VersionEdit& edit);

  manifest::Header header_;
  const std::unique_ptr<io::WritableFile> file_;
  std::uint64_t size_bytes_ = 0;
  std::uint64_t snapshot_bytes_ = 0;
  std::uint64_t chain_ = 0;
  std::uint32_t record_count_ = 0;
};

}  // namespace quiver
