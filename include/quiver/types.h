// The small vocabulary shared by every floor: sequence numbers, operations and the limits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quiver {

/// The place of a write in the one order of all writes of a database. The first write has 1.
/// Uses 56 bits, so that a sequence and an operation share one word in memory.
using SequenceNumber = std::uint64_t;
inline constexpr SequenceNumber kSequenceMax = (SequenceNumber{1} << 56) - 1;

/// What an entry does to its key. The values are on disk; never renumber.
enum class Operation : std::uint8_t {
  kPut = 0,
  kDelete = 1,
  kMerge = 2,        ///< reserved: operand of a merge operator
  kRangeDelete = 3,  ///< reserved: deletes [key, value)
};

/// Keys have 0 to 65,535 bytes and are ordered bytewise.
inline constexpr std::size_t kKeyBytesMax = 65'535;
/// Values have 0 to 512 MiB.
inline constexpr std::size_t kValueBytesMax = std::size_t{512} << 20;
/// Keys and values of one batch together have at most 1 GiB.
inline constexpr std::size_t kBatchBytesMax = std::size_t{1} << 30;

}  // namespace quiver
