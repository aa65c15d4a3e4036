// Health: whether writes are accepted, and if not, why. One place decides what a failure means.
//
//   failure                                   consequence
//   disk full (kNoSpace) anywhere             writes answer kNoSpace until space returns
//   log write or sync failed                  read-only for good: the pages may be lost (fsyncgate)
//   flush, compaction or manifest failed      read-only for good, with the first cause
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
  bool writable() const noexcept { return state_.load(std::memory_order_acquire) == kWritable; }
  bool disk_full() const noexcept { return state_.load(std::memory_order_acquire) == kDiskFull; }

  /// Records a failure of a write, flush, compaction or manifest edit.
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
                     cause_->ToString());
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
};

}  // namespace quiver
