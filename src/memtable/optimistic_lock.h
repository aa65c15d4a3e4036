// OptimisticLock: a version and a spin lock in one word. Writers exclude each other; readers
// write nothing and find out afterwards whether a writer was there.
//
// Leis, Haubenschild and Neumann, "Optimistic Lock Coupling" (2019). To be free of data races,
// and of fences, as in Boehm, "Can Seqlocks Get Along With Programming Language Memory Models?"
// (2012), all guarded data is atomic, stored with release and loaded with acquire: a reader that
// saw a store of a critical section then also sees that section's lock, and Unchanged() is false.
//
// Invariants:
//  1. Even: free. Odd: held. The word only grows, except in UnlockUnchanged.
//  2. Data read between AwaitVersion and an Unchanged that is true is one consistent state.
//
// Thread safety: all methods from any thread; Unlock by the holder.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "base/schedule_point.h"

namespace quiver {

class OptimisticLock {
 public:
  using Version = std::uint64_t;

  /// The version, once no writer holds the lock.
  Version AwaitVersion() const noexcept {
    Version version = word_.load(std::memory_order_acquire);
    for (int attempt = 0; (version & 1) != 0; ++attempt) {
      // A holder needs a fraction of a microsecond, unless it has lost its processor.
      if (attempt >= kSpinMax) std::this_thread::yield();
      version = word_.load(std::memory_order_acquire);
    }
    return version;
  }

  bool Unchanged(Version version) const noexcept {
    SchedulePoint();
    return word_.load(std::memory_order_relaxed) == version;
  }

  /// Takes the lock if nothing has changed since `version`.
  bool TryLock(Version version) noexcept {
    return word_.compare_exchange_strong(version, version + 1, std::memory_order_acquire,
                                         std::memory_order_relaxed);
  }
  /// Takes the lock if it is free.
  bool TryLock() noexcept {
    const Version version = word_.load(std::memory_order_relaxed);
    return (version & 1) == 0 && TryLock(version);
  }

  void Unlock() noexcept {
    SchedulePoint();
    word_.store(word_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  /// For a holder that changed nothing: readers need not start again.
  void UnlockUnchanged() noexcept {
    word_.store(word_.load(std::memory_order_relaxed) - 1, std::memory_order_release);
  }

 private:
  static constexpr int kSpinMax = 64;
  std::atomic<Version> word_{0};
};

}  // namespace quiver
