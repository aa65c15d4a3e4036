// WalEntry: one operation as recovery and inspection see it.
//
// Thread safety: values and a free function.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "quiver/error.h"
#include "quiver/types.h"

namespace quiver::wal {

struct RecoveredBatch;  // wal/wal_recovery.h

struct WalEntry {
  Operation operation = Operation::kPut;
  std::string_view key;
  std::string_view value;
  std::uint64_t timestamp_us = 0;  ///< wall clock at the write
  SequenceNumber sequence = 0;
  std::uint32_t keyspace = 0;
  std::uint64_t expiry_us = 0;
};

/// Hands out the entries of `batch` in order, each with its own sequence number. kCorruption if
/// they are malformed or not as many as the frame says, after the well-formed ones before; else
/// the first error of `sink`, which stops the walk.
Result<void> ReadEntries(const RecoveredBatch& batch,
                         const std::function<Result<void>(const WalEntry&)>& sink);

}  // namespace quiver::wal
