// FollowedDirectory: the directory of a database that another process may be writing, for reading
// alone.
//
// Invariants:
//  1. Every call that would change the disk is refused, so that no mistake above can.
//  2. From HoldLog on, the log is what it listed: the segments were opened then and stay readable
//     when the writer seals or removes them, each up to the size that it had.
//  3. So are the tables that HoldTables was told of: copies of the state can be made of them.
//
// Thread safety: as io/directory.h says; HoldLog and HoldTables before any other thread knows the
// object.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/directory.h"
#include "version/catalog.h"

namespace quiver {

class FollowedDirectory final : public io::Directory {
 public:
  explicit FollowedDirectory(std::unique_ptr<io::Directory> base) : base_(std::move(base)) {}

  /// Opens the segments from `first_segment` on.
  Result<void> HoldLog(std::uint64_t first_segment);
  /// Opens the tables of `catalog` that are not held yet, and lets go of others. False if one is
  /// gone already.
  Result<bool> HoldTables(const Catalog& catalog);

  Result<std::unique_ptr<io::ReadableFile>> OpenForRead(std::string_view name) override;
  Result<std::vector<io::DirectoryEntry>> List() override;
  Result<std::unique_ptr<io::DirectoryLock>> LockForReading(std::string_view name) override;
  Result<std::uint64_t> FreeBytes() override { return base_->FreeBytes(); }
  const std::filesystem::path& path() const override { return base_->path(); }

  Result<std::unique_ptr<io::WritableFile>> Create(std::string_view name) override;
  Result<std::unique_ptr<io::LogFile>> CreateLog(std::string_view name,
                                                 io::LogAccess access) override;
  Result<void> Rename(std::string_view from, std::string_view to) override;
  Result<void> Remove(std::string_view name) override;
  Result<void> LinkFrom(io::Directory& source, std::string_view name) override;
  Result<void> Sync() override;
  Result<std::unique_ptr<io::DirectoryLock>> Lock(std::string_view name) override;

  /// The directory itself, to copy or link from.
  io::Directory& base() noexcept { return *base_; }

 private:
  Error Refusal(std::string_view name) const;

  const std::unique_ptr<io::Directory> base_;
  bool holds_log_ = false;
  using HeldFiles = std::map<std::string, std::shared_ptr<const io::ReadableFile>, std::less<>>;
  HeldFiles segments_;
  HeldFiles tables_;
};

}  // namespace quiver
