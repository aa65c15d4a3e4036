// EpochPublished: an immutable value that one thread replaces and others read without a lock.
//
// Thread safety: Current requires an EpochGuard; Pin from any thread; Publish from one thread at a
// time.
#pragma once

#include <atomic>
#include <memory>

#include "base/epoch.h"
#include "base/schedule_point.h"

namespace quiver {

/// `T` derives from std::enable_shared_from_this<T>.
template <typename T>
class EpochPublished {
 public:
  explicit EpochPublished(EpochManager& epochs) : epochs_(epochs) {}
  ~EpochPublished() = default;
  EpochPublished(const EpochPublished&) = delete;
  EpochPublished& operator=(const EpochPublished&) = delete;

  /// The newest value, nullptr before the first; valid while the caller's EpochGuard lives.
  const T* Current() const noexcept {
    const T* const value = current_.load(std::memory_order_seq_cst);
    SchedulePoint();
    return value;
  }
  /// The newest value, pinned beyond the guard.
  std::shared_ptr<const T> Pin() const {
    const EpochGuard guard(epochs_);
    const T* const current = Current();
    return current == nullptr ? nullptr : current->shared_from_this();
  }
  void Publish(std::shared_ptr<const T> value) {
    std::shared_ptr<const T> previous = std::move(owner_);
    owner_ = std::move(value);
    SchedulePoint();
    current_.store(owner_.get(), std::memory_order_seq_cst);
    SchedulePoint();
    if (previous != nullptr) epochs_.Retire(std::move(previous));
  }

 private:
  EpochManager& epochs_;
  std::shared_ptr<const T> owner_;
  std::atomic<const T*> current_{nullptr};
};

}  // namespace quiver
