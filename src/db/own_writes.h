// OwnWrites: what an iterator of a transaction shows besides its snapshot, and what it takes note
// of.
//
// The writes of a transaction that are not committed yet have sequence numbers from
// kOwnSequenceFirst on, above all that a database comes to use, so that they are newer than
// everything and the rules of db_iterator.h hold for them as they are.
//
// Thread safety: a value; one thread at a time.
#pragma once

#include <memory>

#include "db/read_ranges.h"
#include "iterator/internal_iterator.h"
#include "quiver/types.h"
#include "version/range_deletes.h"

namespace quiver {

/// As many numbers as a batch has entries at most; the largest number of all stays free, since a
/// seek to it means "before the newest version".
inline constexpr SequenceNumber kOwnSequenceFirst = kSequenceMax - (SequenceNumber{1} << 32);

struct OwnWrites {
  std::unique_ptr<InternalIterator> entries;  ///< nullptr: none
  RangeDeletesRef range_deletes;
  SequenceNumber last_sequence = 0;   ///< of those that are shown; 0: none are
  std::shared_ptr<ReadRanges> reads;  ///< nullptr: nobody wants to know
};

}  // namespace quiver
