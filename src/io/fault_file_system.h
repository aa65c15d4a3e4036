// FaultFileSystem: stands before any FileSystem, asks a hook before each call whether it shall
// fail, and keeps a log of the calls that change the disk.
//
// Invariants:
//  1. A call that fails here does not reach the file system behind, or as far as SetReach says.
//  2. Injected failures last as real ones do: after a failed Sync every later Sync of that object
//     fails, after a failed Append every later call of that file.
//  3. The hook runs without the lock of the plan, so it may call back into this object. It runs
//     under the lock that orders the syncs of one object, so it may not sync that object.
//
// Thread safety: all methods from any thread; the hook must be safe to call from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "io/directory.h"

namespace quiver::io {

enum class OperationKind : std::uint8_t {
  kOpenDirectory,
  kOpenForRead,
  kReadAt,
  kList,
  kFreeBytes,
  kLockForReading,
  // From here on the disk changes.
  kLock,
  kCreate,
  kCreateLog,
  kAppend,
  kSyncFile,
  kClose,
  kReserve,
  kWriteAt,
  kSyncLog,
  kWriteAtDurably,
  kCloseLog,
  kRename,
  kRemove,
  kLink,
  kSyncDirectory,
};
inline constexpr std::size_t kOperationKindCount = 21;

/// "rename", "sync_log" and so on.
std::string_view OperationKindName(OperationKind kind) noexcept;

/// One call that would change the disk.
struct FileOperation {
  OperationKind kind;
  /// The file, for a rename the old name; the path for calls on a directory as a whole.
  std::string file;
  std::string new_name;  ///< of a rename
  std::uint64_t offset;  ///< of the first byte; of kCloseLog the size that it cuts to
  std::uint64_t length;  ///< bytes written or reserved
  bool failed;           ///< by the hook
};

/// Called before every operation with its kind and file (for a rename the old name, for calls on a
/// directory as a whole its path). An Error makes the operation fail with it.
using FaultHook = std::function<std::optional<Error>(OperationKind, std::string_view file_name)>;

/// What of a call that fails has happened all the same.
enum class FaultReach : std::uint8_t {
  kNothing,
  kHalf,  ///< the first half of the bytes of a write, as when a disk fills up in the middle of it
  kDone,  ///< all of it: a sync that wrote everything and then failed, a rename whose answer is
          ///< lost
};

/// What the file system and all its open files share.
class FaultPlan {
 public:
  void SetHook(FaultHook hook) EXCLUDES(mutex_);
  void SetReach(FaultReach reach) EXCLUDES(mutex_);
  FaultReach reach() const EXCLUDES(mutex_);
  std::uint64_t operation_count() const EXCLUDES(mutex_);
  std::vector<FileOperation> log() const EXCLUDES(mutex_);
  void ClearLog() EXCLUDES(mutex_);

  /// Counts and records `operation` and answers the hook's Error for it, if any.
  Result<void> Begin(FileOperation operation) EXCLUDES(mutex_);
  /// The same for an operation without offset and length.
  Result<void> Begin(OperationKind kind, std::string_view file) {
    return Begin({kind, std::string(file), {}, 0, 0, false});
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const FaultHook> hook_ GUARDED_BY(mutex_);
  FaultReach reach_ GUARDED_BY(mutex_) = FaultReach::kNothing;
  std::uint64_t operation_count_ GUARDED_BY(mutex_) = 0;
  std::vector<FileOperation> log_ GUARDED_BY(mutex_);
};

class FaultFileSystem final : public FileSystem {
 public:
  /// `base` must outlive this object and its directories and files.
  explicit FaultFileSystem(FileSystem& base) : base_(base), plan_(std::make_shared<FaultPlan>()) {}

  Result<std::unique_ptr<Directory>> OpenDirectory(const std::filesystem::path& path,
                                                   bool create) override;
  std::filesystem::path Resolved(const std::filesystem::path& path) override {
    return base_.Resolved(path);
  }

  /// An empty hook lets everything through.
  void SetHook(FaultHook hook) { plan_->SetHook(std::move(hook)); }
  /// Of all later failures; kNothing to begin with.
  void SetReach(FaultReach reach) { plan_->SetReach(reach); }

  /// Every call so far, reading ones included: the ordinal of the next one.
  std::uint64_t operation_count() const { return plan_->operation_count(); }
  /// The calls so far that change the disk, in the order in which they began.
  std::vector<FileOperation> log() const { return plan_->log(); }
  void ClearLog() { plan_->ClearLog(); }

 private:
  FileSystem& base_;
  const std::shared_ptr<FaultPlan> plan_;
};

/// A hook that fails the operations with the ordinals [first, first + count) among those that begin
/// after this call, and lets all others through.
FaultHook FailOperations(std::uint64_t first, std::uint64_t count, const Error& error);

}  // namespace quiver::io
