#include "base/epoch.h"

#include <algorithm>

#include "base/schedule_point.h"

namespace quiver {

namespace {

// Spreads threads over slots so that each usually finds its own line free.
std::size_t ThreadSlotHint() noexcept {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t hint = next.fetch_add(1, std::memory_order_relaxed);
  return hint;
}

}  // namespace

EpochManager::~EpochManager() = default;

EpochManager::Slot* EpochManager::Enter() noexcept {
  const std::size_t hint = ThreadSlotHint();
  for (std::size_t i = 0;; ++i) {
    Slot& slot = slots_[(hint + i) % kSlots];
    std::uint64_t expected = 0;
    const std::uint64_t epoch = global_.load(std::memory_order_seq_cst);
    SchedulePoint();
    if (slot.epoch.compare_exchange_strong(expected, epoch, std::memory_order_seq_cst))
      return &slot;
  }
}

std::uint64_t EpochManager::OldestActive() const noexcept {
  std::uint64_t oldest = ~std::uint64_t{0};
  for (const Slot& slot : slots_) {
    const std::uint64_t epoch = slot.epoch.load(std::memory_order_seq_cst);
    if (epoch != 0) oldest = std::min(oldest, epoch);
  }
  return oldest;
}

std::vector<EpochManager::Retired> EpochManager::TakeFreeable() {
  const std::uint64_t oldest = OldestActive();
  std::vector<Retired> freeable;
  auto keep = std::partition(retired_.begin(), retired_.end(),
                             [oldest](const Retired& item) { return item.epoch >= oldest; });
  std::move(keep, retired_.end(), std::back_inserter(freeable));
  retired_.erase(keep, retired_.end());
  return freeable;
}

void EpochManager::Retire(std::shared_ptr<const void> object) noexcept {
  std::vector<Retired> freeable;  // destroyed after the lock is released
  MutexLock lock(mutex_);
  const std::uint64_t epoch = global_.fetch_add(1, std::memory_order_seq_cst);
  retired_.push_back({epoch, std::move(object)});
  freeable = TakeFreeable();
  lock.Unlock();
}

void EpochManager::Collect() noexcept {
  std::vector<Retired> freeable;
  MutexLock lock(mutex_);
  freeable = TakeFreeable();
  lock.Unlock();
}

std::size_t EpochManager::pending() const {
  MutexLock lock(mutex_);
  return retired_.size();
}

}  // namespace quiver
