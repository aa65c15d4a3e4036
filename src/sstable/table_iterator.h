// The iterator over one table. Inside a block a step only adds to pointers; between blocks it pins
// the next one in the cache, or reads it.
//
// Thread safety: one thread at a time.
#pragma once

#include <memory>

#include "iterator/internal_iterator.h"
#include "sstable/table_reader.h"

namespace quiver {

std::unique_ptr<InternalIterator> NewTableIterator(std::shared_ptr<const TableReader> table,
                                                   const TableReadOptions& options);

}  // namespace quiver
