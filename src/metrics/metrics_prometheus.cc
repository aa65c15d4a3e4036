// DatabaseMetrics::ToPrometheus: the text exposition format 0.0.4, family by family from the
// metric table.
#include "metrics/metric_table.h"

namespace quiver {

std::string DatabaseMetrics::ToPrometheus() const {
  std::string text;
  for (const MetricFamily& family : MetricFamilies()) {
    const std::string name(family.name);
    text += "# HELP " + name + " " + std::string(family.help) + "\n";
    text += "# TYPE " + name + " " + std::string(MetricTypeName(family.type)) + "\n";
    for (const MetricSample& sample : family.collect(*this)) {
      text += name;
      text += sample.suffix;
      if (!sample.labels.empty()) text += "{" + sample.labels + "}";
      text += " " + sample.value + "\n";
    }
  }
  return text;
}

}  // namespace quiver
