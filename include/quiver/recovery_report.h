// RecoveryReport: what Open found in the directory and what it did about it.
//
// Every loss beyond the contract (docs/guarantees.md) and every byte cut from the log is named
// here; an empty `losses` means that nothing acknowledged as durable is missing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quiver/types.h"

namespace quiver {

struct RecoveryReport {
  bool created = false;         ///< the database was made by this open
  bool clean_shutdown = false;  ///< the last log segment was sealed by Close()
  std::uint64_t segments_replayed = 0;
  std::uint64_t batches_replayed = 0;
  std::uint64_t entries_replayed = 0;
  std::uint64_t bytes_replayed = 0;
  SequenceNumber last_sequence = 0;
  std::uint64_t torn_tail_bytes = 0;  ///< cut from the end of the log: never synced
  std::vector<std::string> notes;     ///< what was cut or cleaned, one sentence each
  std::vector<std::string> losses;    ///< damage that a salvage mode skipped
  std::vector<std::string> orphans_removed;
  std::vector<std::string> foreign_files;  ///< not ours: left alone
  std::uint64_t duration_ms = 0;

  /// The report as a few lines for people.
  std::string ToText() const;
};

}  // namespace quiver
