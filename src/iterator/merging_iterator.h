// Merges children into one ordered stream.
#pragma once

#include <memory>
#include <vector>

#include "iterator/internal_iterator.h"

namespace quiver {

/// A merge of `children`, whose entries differ in (key, sequence). Cost of Next: O(log children)
/// comparisons, one when the winner stays. The first error of a child ends the merge.
std::unique_ptr<InternalIterator> NewMergingIterator(
    std::vector<std::unique_ptr<InternalIterator>> children);

/// An iterator over nothing, or one that only reports `error`.
std::unique_ptr<InternalIterator> NewEmptyIterator();
std::unique_ptr<InternalIterator> NewErrorIterator(Error error);

}  // namespace quiver
