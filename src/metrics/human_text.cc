// See human_text.h.
#include "metrics/human_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace quiver {

namespace {

constexpr std::uint64_t kMicrosecondNs = 1000;
constexpr std::uint64_t kMillisecondNs = 1000 * kMicrosecondNs;
constexpr std::uint64_t kSecondNs = 1000 * kMillisecondNs;
constexpr std::uint64_t kMinuteS = 60;
constexpr std::uint64_t kHourS = 60 * kMinuteS;
constexpr std::uint64_t kDayS = 24 * kHourS;

std::string TwoDigits(std::uint64_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

// About three digits: "1.23", "12.3", "123".
std::string ThreeDigits(double value) {
  if (value < 9.995) return FormatFixed(value, 2);
  return FormatFixed(value, value < 99.95 ? 1 : 0);
}

}  // namespace

std::string FormatCount(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

std::string FormatBytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1023.95 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return FormatFixed(value, 1) + " " + std::string(kUnits[unit]);
}

std::string FormatDuration(std::uint64_t duration_ns) {
  const auto value = static_cast<double>(duration_ns);
  if (duration_ns < kMicrosecondNs) return std::to_string(duration_ns) + " ns";
  if (duration_ns < kMillisecondNs) return ThreeDigits(value / kMicrosecondNs) + " us";
  if (duration_ns < kSecondNs) return ThreeDigits(value / kMillisecondNs) + " ms";
  const std::uint64_t seconds = duration_ns / kSecondNs;
  if (seconds < kMinuteS) return ThreeDigits(value / kSecondNs) + " s";
  if (seconds < kHourS) {
    return std::to_string(seconds / kMinuteS) + " min " + TwoDigits(seconds % kMinuteS) + " s";
  }
  if (seconds < kDayS) {
    return std::to_string(seconds / kHourS) + " h " + TwoDigits(seconds % kHourS / kMinuteS) +
           " min";
  }
  return std::to_string(seconds / kDayS) + " d " + TwoDigits(seconds % kDayS / kHourS) + " h";
}

std::string FormatDurationMs(std::uint64_t duration_ms) {
  if (duration_ms < 1000) return std::to_string(duration_ms) + " ms";
  // What does not fit nanoseconds is over 584 years and not worth being exact about.
  constexpr std::uint64_t kMaxMs = ~std::uint64_t{0} / kMillisecondNs;
  return FormatDuration(std::min(duration_ms, kMaxMs) * kMillisecondNs);
}

std::string FormatFixed(double value, int decimals) {
  if (!std::isfinite(value)) return "-";
  std::array<char, 400> buffer;  // the largest double has 309 digits before the point
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                    std::chars_format::fixed, decimals);
  return {buffer.data(), result.ptr};
}

std::string FormatShare(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  return FormatFixed(100 * static_cast<double>(part) / static_cast<double>(whole), 1) + " %";
}

std::string TextTable::ToText(std::string_view indent) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows_) {
    text += indent;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      if (i == 0) {
        text += row[i];
        if (row.size() > 1) text += padding;
      } else {
        text += "  " + padding + row[i];
      }
    }
    text += '\n';
  }
  return text;
}

}  // namespace quiver
