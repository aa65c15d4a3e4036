// KeyRange and TableSpan: a stretch of keys, and the tables of a run that it touches.
//
// Thread safety: values and pure functions; views borrow from the tables.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "version/version.h"

namespace quiver {

/// All keys from `smallest` to `largest`, both included, or none.
struct KeyRange {
  bool empty = true;
  std::string_view smallest;
  std::string_view largest;

  void Extend(std::string_view from, std::string_view to) noexcept {
    smallest = empty ? from : std::min(smallest, from);
    largest = empty ? to : std::max(largest, to);
    empty = false;
  }
  void Extend(const TableFile& table) noexcept {
    Extend(table.summary.smallest_key, table.summary.largest_key);
  }
  bool Overlaps(std::string_view from, std::string_view to) const noexcept {
    return !empty && from <= largest && smallest <= to;
  }
  bool Overlaps(const TableFile& table) const noexcept {
    return Overlaps(table.summary.smallest_key, table.summary.largest_key);
  }
  bool Contains(const TableFile& table) const noexcept {
    return !empty && smallest <= table.summary.smallest_key && table.summary.largest_key <= largest;
  }
};

/// Tables [first, last) of a run.
struct TableSpan {
  std::size_t first = 0;
  std::size_t last = 0;

  bool empty() const noexcept { return first == last; }
  bool contains(std::size_t index) const noexcept { return first <= index && index < last; }
  /// The smallest span that holds both.
  void Include(const TableSpan& other) noexcept {
    if (other.empty()) return;
    first = empty() ? other.first : std::min(first, other.first);
    last = std::max(last, other.last);
  }
};

/// The tables of `run` that overlap `range`.
inline TableSpan FindOverlap(const SortedRun& run, const KeyRange& range) noexcept {
  if (range.empty) return {};
  TableSpan span;
  span.first = run.FindTable(range.smallest);
  const auto behind = std::partition_point(
      run.tables.begin() + static_cast<std::ptrdiff_t>(span.first), run.tables.end(),
      [&](const TableFileRef& table) { return table->summary.smallest_key <= range.largest; });
  span.last = static_cast<std::size_t>(behind - run.tables.begin());
  return span;
}

}  // namespace quiver
