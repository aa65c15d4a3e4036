// Health: whether writes are accepted, and if not, why. One place decides what a failure means.
//
//   failure                                       consequence
//   disk full in a flush, compaction or append    writes answer kNoSpace until space returns
//   flush or compaction failed otherwise (kIo)    tried again after growing pauses; writes go on
//   the same kRetriesMax times in a row           read-only for good, with the first cause
//   log write or sync failed, for any reason      read-only for good: pages may be lost (fsyncgate)
//   manifest failed; damage; a broken invariant   read-only for good, with the first cause
//
// Reads go on in every state.
//
// Thread safety: everything from any thread; writable() is one load.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "quiver/error.h"

namespace quiver {

class Health {
 public:
  static constexpr std::uint32_t kRetriesMax = 6;
  static constexpr std::uint64_t kFirstPauseMs = 50;  // doubled each time: 3 s in all

  bool writable() const noexcept { return state_.load(std::memory_order_acquire) == kWritable; }
  bool disk_full() const noexcept { return state_.load(std::memory_order_acquire) == kDiskFull; }
  bool read_only() const noexcept { return state_.load(std::memory_order_acquire) == kReadOnly; }

  /// Records a failure of the log or the manifest, or of a job that shall not be tried again.
  void Report(const Error& error) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ++failures_;
    const int state = state_.load(std::memory_order_relaxed);
    if (state == kReadOnly) return;
    if (error.code() == ErrorCode::kNoSpace && state == kDiskFull) return;
    cause_ = error;
    state_.store(error.code() == ErrorCode::kNoSpace ? kDiskFull : kReadOnly,
                 std::memory_order_release);
  }
  /// Records a failure of a flush or compaction that has left nothing behind. An answer means that
  /// the job should be tried again after so many milliseconds.
  std::optional<std::uint64_t> ReportJob(const Error& error) EXCLUDES(mutex_) {
    if (error.code() == ErrorCode::kIo) {
      MutexLock lock(mutex_);
      if (failed_jobs_ < kRetriesMax) {
        ++failures_;
        return kFirstPauseMs << failed_jobs_++;
      }
    }
    Report(error);
    return std::nullopt;
  }
  /// A flush or compaction has succeeded.
  void JobSucceeded() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    failed_jobs_ = 0;
  }
  /// Space has returned. No effect in the read-only state.
  void SpaceReturned() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (state_.load(std::memory_order_relaxed) != kDiskFull) return;
    cause_.reset();
    state_.store(kWritable, std::memory_order_release);
  }

  /// What a write must answer now: ok, kNoSpace or kReadOnly with the cause.
  Result<void> CheckWritable() const EXCLUDES(mutex_) {
    if (writable()) [[likely]]
      return {};
    MutexLock lock(mutex_);
    if (!cause_) return {};
    if (cause_->code() == ErrorCode::kNoSpace) {
      return cause_->WithContext("writes are off until the disk has space again");
    }
    return Error(ErrorCode::kReadOnly,
                 "the database accepts no writes after a failure; fix the cause and reopen it. "
                 "Cause: " +
                     std::string(ErrorCodeName(cause_->code())) + ": " + cause_->message(),
                 cause_->file(), cause_->offset());
  }
  /// Empty while writes are accepted.
  std::string cause() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return cause_ ? cause_->ToString() : std::string();
  }
  std::uint64_t failures() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return failures_;
  }

 private:
  enum State : int { kWritable, kDiskFull, kReadOnly };
  std::atomic<int> state_{kWritable};
  mutable Mutex mutex_;
  std::optional<Error> cause_ GUARDED_BY(mutex_);
  std::uint64_t failures_ GUARDED_BY(mutex_) = 0;
  std::uint32_t failed_jobs_ GUARDED_BY(mutex_) = 0;  // in a row
};

}  // namespace quiver
