// MemoryLedger: who holds how many bytes, against one limit.
//
// Thread safety: all methods from any thread; the sum may lag by the charges in flight.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace quiver {

enum class MemoryOwner : std::uint8_t { kMemtables, kBlockCache, kTables, kCompaction };
inline constexpr std::size_t kMemoryOwnerCount = 4;

class MemoryLedger {
 public:
  explicit MemoryLedger(std::uint64_t limit_bytes) noexcept : limit_bytes_(limit_bytes) {}

  void Charge(MemoryOwner owner, std::int64_t delta_bytes) noexcept {
    bytes_[static_cast<std::size_t>(owner)].fetch_add(delta_bytes, std::memory_order_relaxed);
  }
  std::uint64_t bytes(MemoryOwner owner) const noexcept {
    const auto value = bytes_[static_cast<std::size_t>(owner)].load(std::memory_order_relaxed);
    return value < 0 ? 0 : static_cast<std::uint64_t>(value);
  }
  std::uint64_t total_bytes() const noexcept {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < kMemoryOwnerCount; ++i) total += bytes(static_cast<MemoryOwner>(i));
    return total;
  }
  std::uint64_t limit_bytes() const noexcept { return limit_bytes_; }

 private:
  const std::uint64_t limit_bytes_;
  std::array<std::atomic<std::int64_t>, kMemoryOwnerCount> bytes_ = {};
};

}  // namespace quiver
