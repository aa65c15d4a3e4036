// Retention: who may still see an entry, as flushes and compactions have to know it.
//
// Thread safety: a value.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "quiver/merge_operator.h"
#include "quiver/types.h"
#include "version/range_deletes.h"

namespace quiver {

/// Sequence numbers that readers hold, ascending, the present last. A version of a key is kept if
/// it is the newest one visible at one of them, or newer than all: readers may still come to stand
/// among those. An empty list means that nobody reads the past: only the newest version is kept.
using SnapshotList = std::vector<SequenceNumber>;

struct Retention {
  Retention() = default;
  Retention(SnapshotList list) noexcept  // NOLINT(google-explicit-constructor)
      : snapshots(std::move(list)) {}

  SnapshotList snapshots;
  /// Wall clock: what expires at or before it is gone for every reader. 0: nothing is.
  std::uint64_t expired_until_us = 0;
  /// Those that are as durable as the job's inputs.
  RangeDeletesRef range_deletes;
  /// nullptr: operands are kept as they are.
  const MergeOperator* merge_operator = nullptr;
};

}  // namespace quiver
