// An iterator over an ordered view: one immutable sorted array of all records. Shared by the
// memtables that sort late (hash_linked_list, vector).
//
// Thread safety: one thread at a time; the source beside its writers.
#pragma once

#include <memory>

#include "iterator/internal_iterator.h"
#include "memtable/sorted_records.h"

namespace quiver {

/// Whoever can give all its records in order.
class OrderedViewSource {
 public:
  virtual ~OrderedViewSource() = default;
  OrderedViewSource() = default;
  OrderedViewSource(const OrderedViewSource&) = delete;
  OrderedViewSource& operator=(const OrderedViewSource&) = delete;

  /// Every record whose Add had returned before the call, and perhaps some added since.
  virtual std::shared_ptr<const SortedRecords> OrderedView() const = 0;
};

/// Takes a new view at every Seek, so that a Seek sees what was added before it; steps stay in
/// that view. The source must outlive the iterator.
std::unique_ptr<InternalIterator> NewOrderedViewIterator(const OrderedViewSource& source);

}  // namespace quiver
