// VectorIterator: an InternalIterator over entries that it owns, for tests and small inputs.
//
// Invariant: the entries stand in entry order (key ascending, then sequence descending).
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "iterator/internal_iterator.h"

namespace quiver {

/// An entry that owns its bytes.
struct OwnedEntry {
  std::string key;
  std::string value;
  SequenceNumber sequence = 0;
  Operation operation = Operation::kPut;
  std::uint64_t expiry_us = 0;

  EntryView view() const noexcept { return {key, value, sequence, operation, expiry_us}; }
};

/// An iterator over `entries`, given in any order. Cost: one sort here, O(log entries) a seek,
/// O(1) a step.
std::unique_ptr<InternalIterator> NewVectorIterator(std::vector<OwnedEntry> entries);

}  // namespace quiver
