#include "iterator/entry_columns.h"

#include <algorithm>

namespace quiver {

EntrySpan SpanBefore(const EntrySpan& span, std::string_view key,
                     SequenceNumber sequence) noexcept {
  if (span.rows() == 0) return span;
  const EntryColumns& columns = *span.columns;
  const auto comes_before = [&](std::uint32_t row) {
    return CompareEntry(columns.KeyAt(row), columns.SequenceAt(row), key, sequence) < 0;
  };
  if (comes_before(span.end - 1)) return span;
  // Gallop: where two runs take turns, the answer is near the beginning.
  std::uint32_t low = span.begin;  // all rows below come before
  std::uint32_t step = 1;
  while (low + step < span.end && comes_before(low + step - 1)) {
    low += step;
    step *= 2;
  }
  std::uint32_t high = std::min(low + step, span.end) - 1;  // at or after
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (comes_before(middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return {span.columns, span.begin, low};
}

EntrySpan SpanBehind(const EntrySpan& span, std::string_view key,
                     SequenceNumber sequence) noexcept {
  if (span.rows() == 0) return span;
  const EntryColumns& columns = *span.columns;
  const auto comes_behind = [&](std::uint32_t row) {
    return CompareEntry(columns.KeyAt(row), columns.SequenceAt(row), key, sequence) > 0;
  };
  if (comes_behind(span.begin)) return span;
  // Gallop, from the end.
  std::uint32_t high = span.end;  // this row and all above come behind
  std::uint32_t step = 1;
  while (high - span.begin > step && comes_behind(high - step)) {
    high -= step;
    step *= 2;
  }
  std::uint32_t low = high - std::min(step, high - span.begin) + 1;  // all below: at or before
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (comes_behind(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return {span.columns, high, span.end};
}

}  // namespace quiver
