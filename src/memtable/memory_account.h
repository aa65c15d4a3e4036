// MemoryAccount and MemoryCharge: bytes a memtable holds outside its arena.
//
// Arrays that a writer has replaced live on while a reader or an iterator still needs them, and
// may even outlive the memtable inside the epoch manager. So each array carries its own charge,
// and the counter is shared by all of them.
//
// Invariant: bytes() is the sum of the charges alive.
//
// Thread safety: MemoryAccount from any thread; a MemoryCharge belongs to the object it is in.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace quiver {

class MemoryAccount {
 public:
  MemoryAccount() : bytes_(std::make_shared<std::atomic<std::size_t>>(0)) {}

  std::size_t bytes() const noexcept { return bytes_->load(std::memory_order_relaxed); }

 private:
  friend class MemoryCharge;
  std::shared_ptr<std::atomic<std::size_t>> bytes_;
};

/// Counts `bytes` in the account for as long as it lives.
class MemoryCharge {
 public:
  MemoryCharge(const MemoryAccount& account, std::size_t bytes) noexcept
      : counter_(account.bytes_), bytes_(bytes) {
    counter_->fetch_add(bytes_, std::memory_order_relaxed);
  }
  ~MemoryCharge() { counter_->fetch_sub(bytes_, std::memory_order_relaxed); }
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;

 private:
  const std::shared_ptr<std::atomic<std::size_t>> counter_;
  const std::size_t bytes_;
};

}  // namespace quiver
