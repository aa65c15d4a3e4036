// See wal_entry.h.
#include "wal/wal_entry.h"

#include <string>

#include "base/batch_codec.h"
#include "base/try.h"
#include "wal/wal_format.h"
#include "wal/wal_recovery.h"

namespace quiver::wal {

Result<void> ReadEntries(const RecoveredBatch& batch,
                         const std::function<Result<void>(const WalEntry&)>& sink) {
  if (batch.encoded.empty()) return {};  // only passes over numbers
  BatchReader reader(batch.encoded);
  BatchEntry entry;
  std::uint32_t count = 0;
  while (count < batch.entry_count && reader.Next(entry)) {
    QUIVER_TRY(sink({.operation = entry.operation,
                     .key = entry.key,
                     .value = entry.value,
                     .timestamp_us = batch.timestamp_us,
                     .sequence = batch.first_sequence + count,
                     .keyspace = entry.keyspace,
                     .expiry_us = entry.expiry_us}));
    ++count;
  }
  if (count == batch.entry_count && reader.offset() == batch.encoded.size()) return {};
  return Error(ErrorCode::kCorruption,
               "a batch of " + std::to_string(batch.entry_count) +
                   " entries cannot be read beyond entry " + std::to_string(count) + ", byte " +
                   std::to_string(reader.offset()) + " of " + std::to_string(batch.encoded.size()),
               SegmentName(batch.segment_number), batch.offset);
}

}  // namespace quiver::wal
