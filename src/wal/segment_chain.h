// SegmentChain: which segments the log consists of, judged by their headers alone: each names its
// predecessor, and the manifest names the oldest one needed.
//
// A segment whose header was never finished is the trace of a cut creation: it is passed over and
// noted. It is rot instead if something proves that the header was once durable: a successor that
// names it, a frame in it (the header is durable before the first frame is written), or the
// manifest.
//
// Thread safety: a value and a free function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quiver/error.h"
#include "wal/segment_header.h"
#include "wal/wal_format.h"
#include "wal/wal_recovery.h"

namespace quiver::wal {

/// One segment to replay.
struct ChainSegment {
  std::uint64_t number = 0;
  std::string name;
  /// Absent if it is damaged: then salvage reads the frames without it.
  std::optional<SegmentHeader> header;
  /// What the successor's header says about this one's end. Absent for the newest segment, and in
  /// salvage where the successor does not continue this one.
  std::optional<ChainEnd> sealed_end;
  std::string successor_name;  ///< which says so
};

struct SegmentChain {
  std::vector<ChainSegment> segments;   ///< oldest first
  std::vector<std::uint64_t> existing;  ///< numbers of all files from the oldest needed on

  bool Exists(std::uint64_t number) const;
};

/// Lists the directory and checks the links. What a mode passes over goes to the notes and losses
/// of `result`; highest_segment is set. Errors as RecoverLog.
Result<SegmentChain> ReadSegmentChain(const RecoveryOptions& options, RecoveryResult& result);

}  // namespace quiver::wal
