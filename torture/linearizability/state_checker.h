// Whether reads of several keys at once saw one state of the database each: the state after some
// write, with every batch whole, no older than what was acknowledged before the read or seen by an
// earlier read, and no newer than what was written before its answer. That is strict
// serializability of atomic batches and atomic reads.
//
// Method: the database says its order, a sequence number for each write, so nothing has to be
// searched for: the numbers must agree with real time, and each observation narrows the numbers
// that a read may have seen. After the version orders of Adya ("Weak Consistency", 1999), checked
// as by Elle (Kingsbury and Alvaro, 2020); the time is that of sorting.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "linearizability/register_checker.h"
#include "quiver/types.h"

namespace quiver::torture {

using KeyIndex = std::uint32_t;

/// One acknowledged batch: its entries took the numbers up to `last`, one each, in their order.
struct StateWrite {
  SequenceNumber last = 0;
  std::vector<std::pair<KeyIndex, ValueId>> entries;
  std::uint64_t called_ns = 0;
  std::uint64_t answered_ns = 0;

  SequenceNumber first() const { return last + 1 - entries.size(); }
};

/// What one atomic read saw of some keys. The times are those of the call that fixed the state: of
/// NewSnapshot for reads of a snapshot, whose number is then known too.
struct StateRead {
  std::vector<std::pair<KeyIndex, ValueId>> seen;
  std::optional<SequenceNumber> sequence;
  std::uint64_t called_ns = 0;
  std::uint64_t answered_ns = 0;
};

/// What is wrong with the history, or empty. All keys are absent to begin with. Every write to
/// these keys that was acknowledged must be in `writes`; numbers that none has are other keys'.
std::string FindBrokenRead(std::span<const StateWrite> writes, std::span<const StateRead> reads);

}  // namespace quiver::torture
