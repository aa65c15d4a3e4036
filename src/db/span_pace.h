// When to look for a span again where the last ones were short.
//
// Where one run rules for long stretches, a span saves a step of the merge for each row. Where runs
// take turns row by row, looking for spans costs more than it gains. Between lies the common case
// of a few new versions strewn over an old run: every short span is followed by a long one. So the
// rows that are taken one by one before the next look are one, twice as many with each short span
// in a row, and one again after a long one.
//
// Thread safety: none.
#pragma once

#include <algorithm>
#include <cstdint>

namespace quiver {

class SpanPace {
 public:
  /// Whether a span of so many rows is worth its handling.
  static constexpr bool IsLong(std::uint32_t rows) noexcept { return rows >= kRowsMin; }

  /// Whether to look for a span at the current row.
  bool due() const noexcept { return steps_left_ == 0; }

  /// A seek: the walk may end after a few rows, and to look for a span means to look far ahead.
  void Restart() noexcept {
    steps_ = 1;
    steps_left_ = kStepsMax;
  }

  /// A row was taken by itself.
  void Step() noexcept { steps_left_ -= steps_left_ != 0 ? 1 : 0; }

  /// A span was found long enough.
  void Long() noexcept { steps_ = 1; }

  /// A span was too short.
  void Short() noexcept {
    steps_left_ = steps_;
    steps_ = std::min(2 * steps_, kStepsMax);
  }

 private:
  static constexpr std::uint32_t kRowsMin = 4;
  static constexpr std::uint32_t kStepsMax = 16;

  std::uint32_t steps_ = 1;       // to take after the next short span
  std::uint32_t steps_left_ = 0;  // before the next look
};

}  // namespace quiver
