// CheckpointReport: what Database::Checkpoint made.
#pragma once

#include <cstdint>

#include "quiver/types.h"

namespace quiver {

struct CheckpointReport {
  SequenceNumber sequence = 0;       ///< the copy holds exactly what was written up to here
  std::uint64_t tables_linked = 0;   ///< second names of the source's files
  std::uint64_t tables_copied = 0;   ///< because the file system would not link them
  std::uint64_t tables_written = 0;  ///< from what was in memory
  std::uint64_t bytes = 0;           ///< of all tables
};

}  // namespace quiver
