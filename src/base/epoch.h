// EpochManager: lets readers use shared structures without locks or reference counts, and frees a
// replaced structure only when no reader can still see it.
//
// A reader holds an EpochGuard while it follows pointers that a writer may replace. A writer
// replaces the pointer, then calls Retire with the old object (both sides access the pointer
// sequentially consistently); it is destroyed once every guard alive at that moment is gone.
// Epoch-based reclamation after Fraser, "Practical lock-freedom" (2004), with a slot a guard.
//
// Invariants:
//  1. A slot holds 0 (free) or the global epoch read before the guard loaded any pointer.
//  2. An object retired at epoch e is freed when every slot is 0 or above e.
//  Why that is safe: the pointer was replaced before the epoch was raised past e, so a guard
//  whose slot is above e loaded the new pointer; a guard whose slot the scan still saw as 0 is
//  later in the single order of sequentially consistent operations and sees the new one too.
//
// Thread safety: everything from any thread. Guards must be short: iterators and snapshots pin
// what they need by shared_ptr instead.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/mutex.h"

namespace quiver {

class EpochManager {
 public:
  EpochManager() = default;
  /// Destroys whatever is still retired. No guard may be alive.
  ~EpochManager();
  EpochManager(const EpochManager&) = delete;
  EpochManager& operator=(const EpochManager&) = delete;

  /// Destroys `object` once no guard alive now is left. The object must already be unreachable
  /// for new guards. Without memory to note it the process ends: thrown, it would be destroyed
  /// while a guard still sees it.
  void Retire(std::shared_ptr<const void> object) noexcept EXCLUDES(mutex_);
  /// Frees what can be freed now. Retire does it too.
  void Collect() noexcept EXCLUDES(mutex_);
  /// Retired objects not yet freed.
  std::size_t pending() const EXCLUDES(mutex_);

 private:
  friend class EpochGuard;
  static constexpr std::size_t kSlots = 256;
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> epoch{0};
  };
  struct Retired {
    std::uint64_t epoch;
    std::shared_ptr<const void> object;
  };

  /// Claims a free slot, starting at this thread's own. Spins only if all 256 are taken.
  Slot* Enter() noexcept;
  std::uint64_t OldestActive() const noexcept;
  std::vector<Retired> TakeFreeable() REQUIRES(mutex_);

  std::array<Slot, kSlots> slots_;
  alignas(64) std::atomic<std::uint64_t> global_{1};
  mutable Mutex mutex_;
  std::vector<Retired> retired_ GUARDED_BY(mutex_);
};

/// Holds the epoch for a scope: one compare-and-swap on a cache line of this thread's own.
class EpochGuard {
 public:
  explicit EpochGuard(EpochManager& manager) noexcept : slot_(manager.Enter()) {}
  ~EpochGuard() { slot_->epoch.store(0, std::memory_order_release); }
  EpochGuard(const EpochGuard&) = delete;
  EpochGuard& operator=(const EpochGuard&) = delete;

 private:
  EpochManager::Slot* slot_;
};

}  // namespace quiver
