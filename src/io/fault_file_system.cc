#include "io/fault_file_system.h"

#include <array>
#include <atomic>
#include <utility>

#include "base/try.h"
#include "io/fault_directory.h"

namespace quiver::io {

namespace {

constexpr std::array<std::string_view, kOperationKindCount> kOperationKindNames = {
    "open_directory",   "open_for_read", "read_at", "list",       "free_bytes",
    "lock_for_reading", "lock",          "create",  "create_log", "append",
    "sync_file",        "close",         "reserve", "write_at",   "sync_log",
    "write_at_durably", "close_log",     "rename",  "remove",     "link",
    "sync_directory",
};
static_assert(static_cast<std::size_t>(OperationKind::kSyncDirectory) + 1 == kOperationKindCount);

}  // namespace

std::string_view OperationKindName(OperationKind kind) noexcept {
  return kOperationKindNames[static_cast<std::size_t>(kind)];
}

void FaultPlan::SetHook(FaultHook hook) {
  auto shared = hook ? std::make_shared<const FaultHook>(std::move(hook)) : nullptr;
  MutexLock lock(mutex_);
  hook_.swap(shared);
}

void FaultPlan::SetReach(FaultReach reach) {
  MutexLock lock(mutex_);
  reach_ = reach;
}

FaultReach FaultPlan::reach() const {
  MutexLock lock(mutex_);
  return reach_;
}

std::uint64_t FaultPlan::operation_count() const {
  MutexLock lock(mutex_);
  return operation_count_;
}

std::vector<FileOperation> FaultPlan::log() const {
  MutexLock lock(mutex_);
  return log_;
}

void FaultPlan::ClearLog() {
  MutexLock lock(mutex_);
  log_.clear();
}

Result<void> FaultPlan::Begin(FileOperation operation) {
  MutexLock lock(mutex_);
  ++operation_count_;
  const std::shared_ptr<const FaultHook> hook = hook_;
  lock.Unlock();
  std::optional<Error> error;
  if (hook != nullptr) error = (*hook)(operation.kind, operation.file);
  operation.failed = error.has_value();
  if (operation.kind >= OperationKind::kLock) {
    lock.Lock();
    log_.push_back(std::move(operation));
    lock.Unlock();
  }
  if (error) return *std::move(error);
  return {};
}

Result<std::unique_ptr<Directory>> FaultFileSystem::OpenDirectory(const std::filesystem::path& path,
                                                                  bool create) {
  QUIVER_TRY(plan_->Begin(OperationKind::kOpenDirectory, path.native()));
  QUIVER_ASSIGN_OR_RETURN(std::unique_ptr<Directory> base, base_.OpenDirectory(path, create));
  return std::make_unique<FaultDirectory>(std::move(base), plan_);
}

FaultHook FailOperations(std::uint64_t first, std::uint64_t count, const Error& error) {
  auto next = std::make_shared<std::atomic<std::uint64_t>>(0);
  return [=](OperationKind, std::string_view) -> std::optional<Error> {
    const std::uint64_t ordinal = next->fetch_add(1);
    if (ordinal < first || ordinal - first >= count) return std::nullopt;
    return error;
  };
}

}  // namespace quiver::io
