// The table of Prometheus metrics: one row for each family, from which
// DatabaseMetrics::ToPrometheus and docs/metrics.md are made. To add a metric, add a row.
//
// Invariant: labels are bounded. They take their values from enums, from the levels and from the
// first keyspaces, never from keys, file names or messages, so that the number of series does not
// grow with the data.
//
// Thread safety: constants and pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/metrics.h"

namespace quiver {

enum class MetricType : std::uint8_t { kCounter, kGauge, kSummary };

/// One line of the exposition: name, suffix and labels (without braces), and the value as text.
struct MetricSample {
  std::string_view suffix;  ///< "_sum" and "_count" of a summary, else empty
  std::string labels;
  std::string value;
};

struct MetricFamily {
  std::string_view name;
  MetricType type;
  std::string_view labels;  ///< the label names, for the documentation
  std::string_view help;
  std::vector<MetricSample> (*collect)(const DatabaseMetrics&);
};

std::span<const MetricFamily> MetricFamilies() noexcept;

/// "counter", "gauge", "summary".
std::string_view MetricTypeName(MetricType type) noexcept;

/// The text of docs/metrics.md.
std::string MetricsReferenceMarkdown();

}  // namespace quiver
