// What the tests of the log share: batches that say themselves which sequence they are, logs as
// plain maps of bytes that a test can damage, and a recovery that checks every entry.
//
// Entry of sequence s: key "key-<s>", value made from s alone, so that whatever recovery hands out
// proves which write it was.
//
// Thread safety: values and free functions.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/batch_codec.h"
#include "base/check.h"
#include "io/clock.h"
#include "io/manual_clock.h"
#include "io/memory_file_system.h"
#include "wal/wal_entry.h"
#include "wal/wal_manager.h"
#include "wal/wal_recovery.h"

namespace quiver::wal::testing {

inline constexpr DatabaseId kTestDatabase{.high = 0x0123456789ABCDEF, .low = 0xFEDCBA9876543210};

inline std::string KeyOf(SequenceNumber sequence) {
  return "key-" + std::to_string(sequence);
}
/// As `value_bytes`: each sequence has a length of its own, up to 1,500.
inline constexpr std::size_t kVariedBytes = ~std::size_t{0};
inline std::string ValueOf(SequenceNumber sequence, std::size_t value_bytes) {
  std::string value = "value-" + std::to_string(sequence) + "-";
  Random random(sequence);
  if (value_bytes == kVariedBytes) value_bytes = random.Below(1'500);
  while (value.size() < value_bytes) value.push_back(static_cast<char>(random.Next()));
  return value;
}

/// The encoded entries of sequences [first, first + count); every seventh is a delete.
inline std::string EncodeEntries(SequenceNumber first, std::uint32_t count,
                                 std::size_t value_bytes = 16) {
  std::string encoded;
  for (SequenceNumber sequence = first; sequence < first + count; ++sequence) {
    const std::string key = KeyOf(sequence);
    const std::string value = ValueOf(sequence, value_bytes);
    const bool deletes = sequence % 7 == 0;
    AppendBatchEntry(encoded, {.operation = deletes ? Operation::kDelete : Operation::kPut,
                               .key = key,
                               .value = deletes ? std::string_view() : value});
  }
  return encoded;
}

/// Appends one batch after the last sequence of `log`.
inline Result<void> AppendBatch(WalManager& log, std::uint32_t count, bool durably,
                                std::size_t value_bytes = 16) {
  const SequenceNumber first = log.last_sequence() + 1;
  const std::string encoded = EncodeEntries(first, count, value_bytes);
  const FrameInput frame{.encoded = encoded, .entry_count = count, .first_sequence = first};
  return log.Append({&frame, 1}, durably);
}

/// The files of a log by name.
using LogFiles = std::map<std::string, std::string>;

inline LogFiles ReadFiles(io::Directory& directory) {
  LogFiles files;
  const auto entries = *directory.List();
  for (const io::DirectoryEntry& entry : entries) {
    files[entry.name] = *io::ReadWholeFile(directory, entry.name, std::uint64_t{1} << 30);
  }
  return files;
}

/// A disk in memory with one directory and a clock.
struct TestDisk {
  explicit TestDisk(std::unique_ptr<io::MemoryFileSystem> system)
      : files(std::move(system)), directory(*files->OpenDirectory("db", true)) {}
  TestDisk() : TestDisk(std::make_unique<io::MemoryFileSystem>()) {}
  explicit TestDisk(const LogFiles& contents) : TestDisk() {
    for (const auto& [name, bytes] : contents) {
      const auto file = *directory->Create(name);
      QUIVER_CHECK(file->Append(bytes) && file->Close());
    }
  }

  WalManagerOptions options() {
    return {.directory = directory.get(),
            .clock = &clock,
            .database_id = kTestDatabase,
            .reserve_step_bytes = 4096};
  }
  std::unique_ptr<WalManager> NewLog(std::uint64_t number = 1, const ChainEnd& previous = {}) {
    return *WalManager::Create(options(), number, previous);
  }

  std::unique_ptr<io::MemoryFileSystem> files;
  std::unique_ptr<io::Directory> directory;
  io::ManualClock clock;
};

/// What a recovery handed out.
struct Replayed {
  Result<RecoveryResult> result = RecoveryResult{};
  std::vector<SequenceNumber> sequences;
  std::vector<RecoveredBatch> batches;  ///< without their bytes
  bool contents_right = true;

  /// The last sequence if they are 1 to n without a gap, else the largest number there is.
  SequenceNumber Prefix() const {
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      if (sequences[i] != i + 1) return ~SequenceNumber{0};
    }
    return sequences.size();
  }
  bool reported() const { return !result->notes.empty() || !result->losses.empty(); }
};

inline Replayed Replay(const RecoveryOptions& options, std::size_t value_bytes = 16) {
  Replayed replayed;
  const BatchHandler handler = [&](const RecoveredBatch& batch) -> Result<void> {
    replayed.batches.push_back(batch);
    replayed.batches.back().encoded = {};
    return ReadEntries(batch, [&](const WalEntry& entry) -> Result<void> {
      const bool deletes = entry.sequence % 7 == 0;
      replayed.sequences.push_back(entry.sequence);
      replayed.contents_right =
          replayed.contents_right && entry.key == KeyOf(entry.sequence) &&
          entry.operation == (deletes ? Operation::kDelete : Operation::kPut) &&
          entry.value == (deletes ? "" : ValueOf(entry.sequence, value_bytes));
      return {};
    });
  };
  replayed.result = RecoverLog(options, handler);
  return replayed;
}

inline Replayed Replay(io::Directory& directory,
                       WalRecoveryMode mode = WalRecoveryMode::kPointInTime,
                       std::uint64_t first_segment = 0, SequenceNumber flushed_sequence = 0) {
  return Replay({.directory = &directory,
                 .database_id = kTestDatabase,
                 .mode = mode,
                 .first_segment = first_segment,
                 .flushed_sequence = flushed_sequence});
}

inline Replayed Replay(const LogFiles& files,
                       WalRecoveryMode mode = WalRecoveryMode::kPointInTime) {
  const TestDisk disk(files);
  return Replay(*disk.directory, mode);
}

}  // namespace quiver::wal::testing
