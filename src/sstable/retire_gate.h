// RetireGate: hands objects to an EpochManager as long as its owner lives, and drops them at once
// afterwards.
//
// Why: tables, pinned blocks and slots may be released after the database (and with it the caches
// and the EpochManager) is gone. By then no guard exists, so dropping is right.
//
// Invariant: after Close() no call into the EpochManager is under way or begins.
//
// Thread safety: all methods from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/epoch.h"
#include "base/mutex.h"

namespace quiver {

class RetireGate {
 public:
  explicit RetireGate(EpochManager& epochs) noexcept : epochs_(&epochs) {}

  /// Destroys `object` once no guard alive now is left; at once if closed.
  void Retire(std::shared_ptr<const void> object) EXCLUDES(mutex_) {
    if (object == nullptr || !Enter()) return;
    epochs_->Retire(std::move(object));
    Leave();
  }
  /// Frees what earlier guards held back.
  void Collect() EXCLUDES(mutex_) {
    if (!Enter()) return;
    epochs_->Collect();
    Leave();
  }
  void Close() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    closed_ = true;
    while (inside_ > 0) left_.Wait(mutex_);
  }

 private:
  bool Enter() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (closed_) return false;
    ++inside_;
    return true;
  }
  void Leave() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (--inside_ == 0) left_.NotifyAll();
  }

  EpochManager* const epochs_;
  Mutex mutex_;
  CondVar left_;
  std::uint64_t inside_ GUARDED_BY(mutex_) = 0;
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace quiver
