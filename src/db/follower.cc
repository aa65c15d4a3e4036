#include "quiver/follower.h"

#include <utility>

#include "base/mutex.h"
#include "base/try.h"
#include "db/database_access.h"
#include "db/engine.h"
#include "db/open_follower.h"

namespace quiver {

namespace {

/// A try fails when the writer replaces the manifest, or removes a table or a log segment, between
/// the moment when it is named to us and the one when we open it.
constexpr int kTriesMax = 50;

bool MayBeTheWriter(const Error& error) {
  return error.code() == ErrorCode::kNotFound || error.code() == ErrorCode::kCorruption;
}

}  // namespace

Result<std::shared_ptr<Engine>> OpenFollower(
    const io::Environment& environment, const std::filesystem::path& path,
    const std::shared_ptr<const MergeOperator>& merge_operator) {
  QUIVER_TRY(environment.file_system->OpenDirectory(path, /*create=*/false));
  for (int tries = 1;; ++tries) {
    auto engine = Engine::Open(environment, path, {}, OpenMode::kFollower, merge_operator);
    if (engine || tries == kTriesMax || !MayBeTheWriter(engine.error())) return engine;
  }
}

Result<void> CheckGoesOn(const Engine& shown, const Engine& next) {
  const DatabaseId id = shown.versions().database_id();
  if (next.versions().database_id() != id) {
    return Error(
        ErrorCode::kInvalidArgument,
        "another database lies in the directory now: " + next.versions().database_id().ToString() +
            ", not " + id.ToString() + "; open it anew",
        next.directory().path().string());
  }
  const SequenceNumber last = shown.recovery_report().last_sequence;
  const SequenceNumber next_last = next.recovery_report().last_sequence;
  if (next_last >= last) return {};
  return Error(ErrorCode::kCorruption,
               "the database ends at sequence " + std::to_string(next_last) +
                   ", but this follower has shown sequence " + std::to_string(last) +
                   ": its log is damaged, or an older copy was put in its place; verify it, then "
                   "open a new follower",
               next.directory().path().string());
}

class Follower::Impl {
 public:
  Impl(std::filesystem::path path, std::shared_ptr<const MergeOperator> merge_operator)
      : path_(std::move(path)), merge_operator_(std::move(merge_operator)) {}

  Result<void> Start() {
    QUIVER_ASSIGN_OR_RETURN(auto engine,
                            OpenFollower(io::SystemEnvironment(), path_, merge_operator_));
    MutexLock lock(mutex_);
    database_ = DatabaseAccess::Make(std::move(engine));
    return {};
  }

  Result<bool> Refresh() {
    // One at a time, so that a slow one does not put its older state in the place of a newer.
    MutexLock refresh_lock(refresh_mutex_);
    const std::shared_ptr<Database> shown = database();
    const Engine& engine = *DatabaseAccess::EngineOf(*shown);
    QUIVER_ASSIGN_OR_RETURN(const bool news, engine.HasNews());
    if (!news) return false;
    QUIVER_ASSIGN_OR_RETURN(auto next,
                            OpenFollower(io::SystemEnvironment(), path_, merge_operator_));
    QUIVER_TRY(CheckGoesOn(engine, *next));
    std::shared_ptr<Database> replaced = DatabaseAccess::Make(std::move(next));
    MutexLock lock(mutex_);
    database_.swap(replaced);  // the old one is closed, if nobody uses it, with no lock held
    lock.Unlock();
    return true;
  }

  std::shared_ptr<Database> database() const {
    MutexLock lock(mutex_);
    return database_;
  }

 private:
  const std::filesystem::path path_;
  const std::shared_ptr<const MergeOperator> merge_operator_;
  Mutex refresh_mutex_;
  mutable Mutex mutex_;
  std::shared_ptr<Database> database_ GUARDED_BY(mutex_);
};

Follower::Follower(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Follower::~Follower() = default;

Result<std::unique_ptr<Follower>> Follower::Open(
    const std::filesystem::path& directory,
    std::shared_ptr<const MergeOperator> merge_operator) noexcept {
  auto impl = std::make_unique<Impl>(directory, std::move(merge_operator));
  QUIVER_TRY(impl->Start());
  return std::unique_ptr<Follower>(new Follower(std::move(impl)));
}

Result<bool> Follower::Refresh() noexcept {
  return impl_->Refresh();
}
std::shared_ptr<Database> Follower::database() const noexcept {
  return impl_->database();
}

}  // namespace quiver
