// Goal: no bytes in the log's segments make recovery or inspection crash, hang or hand out entries
// that break the order of sequence numbers.
//
// Input: a byte of options, the flushed sequence, then up to four segments (sign.h).
#include <string>
#include <vector>

#include "base/batch_codec.h"
#include "fuzz_files.h"
#include "fuzz_target.h"
#include "sign.h"
#include "wal/segment_header.h"
#include "wal/wal_entry.h"
#include "wal/wal_recovery.h"

namespace quiver::fuzz {

namespace {

// Recovers twice: the answer may depend on nothing but the files.
void Recover(const wal::RecoveryOptions& options) {
  std::uint64_t entries[2] = {0, 0};
  bool ok[2] = {false, false};
  for (int round = 0; round < 2; ++round) {
    SequenceNumber last = options.flushed_sequence;
    const auto result = wal::RecoverLog(options, [&](const wal::RecoveredBatch& batch) {
      QUIVER_CHECK(batch.first_sequence + batch.entry_count > last);
      return wal::ReadEntries(batch, [&](const wal::WalEntry& entry) -> Result<void> {
        QUIVER_CHECK(entry.sequence <= kSequenceMax);
        QUIVER_CHECK(entry.key.size() <= kKeyBytesMax);
        last = entry.sequence;
        ++entries[round];
        return {};
      });
    });
    ok[round] = result.ok();
    if (result.ok()) {
      QUIVER_CHECK(result->end.last_sequence >= last || options.flushed_sequence >= last);
      QUIVER_CHECK(result->entries >= entries[round]);
    }
  }
  QUIVER_CHECK(ok[0] == ok[1] && entries[0] == entries[1]);
}

}  // namespace

void FuzzSegments(std::string_view input) {
  InputReader reader(input);
  const std::uint8_t choices = reader.Byte();
  const SequenceNumber flushed = reader.Byte();
  const std::vector<std::string> segments = SplitFiles(reader.rest(), kSegmentCountMax);
  MemoryFiles files;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    files.Put(wal::SegmentName(i + 1), segments[i]);
  }
  wal::RecoveryOptions options;
  options.directory = &files.directory();
  options.database_id = kDatabase;
  options.mode = static_cast<WalRecoveryMode>(choices % 3);
  options.first_segment = choices / 4 % 4;
  options.flushed_sequence = flushed;
  Recover(options);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string name = wal::SegmentName(i + 1);
    std::uint64_t next = 0;
    (void)wal::WalkSegment(files.directory(), name, [&](const wal::SegmentFrame& frame) {
      QUIVER_CHECK(frame.offset >= next && frame.offset <= segments[i].size());
      next = frame.offset;
      BatchReader entries(frame.encoded);
      BatchEntry entry;
      while (entries.Next(entry)) {
      }
      return true;
    });
    (void)wal::ReadSegmentOwner(files.directory(), name);
    (void)wal::ReadHeaderState(files.directory(), kDatabase, name);
  }
}

}  // namespace quiver::fuzz
