// The directories and files of a FaultFileSystem: each call asks the plan, then goes to the object
// behind.
//
// Thread safety: as io/directory.h and io/file.h say.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "io/directory.h"
#include "io/fault_file_system.h"
#include "io/sticky_error.h"

namespace quiver::io {

class FaultDirectory final : public Directory {
 public:
  FaultDirectory(std::unique_ptr<Directory> base, std::shared_ptr<FaultPlan> plan)
      : base_(std::move(base)), plan_(std::move(plan)) {}

  Result<std::unique_ptr<ReadableFile>> OpenForRead(std::string_view name) override;
  Result<std::unique_ptr<WritableFile>> Create(std::string_view name) override;
  Result<std::unique_ptr<LogFile>> CreateLog(std::string_view name, LogAccess access) override;
  Result<void> Rename(std::string_view from, std::string_view to) override;
  Result<void> Remove(std::string_view name) override;
  Result<void> LinkFrom(Directory& source, std::string_view name) override;
  Result<std::vector<DirectoryEntry>> List() override;
  Result<void> Sync() override EXCLUDES(sync_mutex_);
  Result<std::unique_ptr<DirectoryLock>> Lock(std::string_view name) override;
  Result<std::unique_ptr<DirectoryLock>> LockForReading(std::string_view name) override;
  Result<std::uint64_t> FreeBytes() override;
  const std::filesystem::path& path() const override { return base_->path(); }

 private:
  const std::unique_ptr<Directory> base_;
  const std::shared_ptr<FaultPlan> plan_;
  Mutex sync_mutex_;
  StickyError sync_failure_ GUARDED_BY(sync_mutex_);
};

class FaultReadableFile final : public ReadableFile {
 public:
  FaultReadableFile(std::unique_ptr<ReadableFile> base, std::shared_ptr<FaultPlan> plan)
      : base_(std::move(base)), plan_(std::move(plan)) {}

  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override;
  std::uint64_t size_bytes() const override { return base_->size_bytes(); }
  const std::string& name() const override { return base_->name(); }

 private:
  const std::unique_ptr<ReadableFile> base_;
  const std::shared_ptr<FaultPlan> plan_;
};

class FaultWritableFile final : public WritableFile {
 public:
  FaultWritableFile(std::unique_ptr<WritableFile> base, std::shared_ptr<FaultPlan> plan)
      : base_(std::move(base)), plan_(std::move(plan)) {}

  Result<void> Append(std::string_view bytes) override;
  Result<void> Sync() override;
  Result<void> Close() override;
  std::uint64_t size_bytes() const override { return base_->size_bytes(); }
  const std::string& name() const override { return base_->name(); }

 private:
  const std::unique_ptr<WritableFile> base_;
  const std::shared_ptr<FaultPlan> plan_;
  StickyError failure_;
};

class FaultLogFile final : public LogFile {
 public:
  FaultLogFile(std::unique_ptr<LogFile> base, std::shared_ptr<FaultPlan> plan)
      : base_(std::move(base)), plan_(std::move(plan)) {}

  Result<void> Reserve(std::uint64_t bytes) override;
  Result<void> WriteAt(std::uint64_t offset, std::string_view bytes) override;
  Result<void> Sync() override EXCLUDES(sync_mutex_);
  Result<void> WriteAtDurably(std::uint64_t offset, std::string_view bytes) override
      EXCLUDES(sync_mutex_);
  Result<void> CloseAt(std::uint64_t size_bytes) override;
  std::uint64_t reserved_bytes() const override { return base_->reserved_bytes(); }
  const std::string& name() const override { return base_->name(); }

 private:
  const std::unique_ptr<LogFile> base_;
  const std::shared_ptr<FaultPlan> plan_;
  Mutex sync_mutex_;
  StickyError sync_failure_ GUARDED_BY(sync_mutex_);
};

}  // namespace quiver::io
