// What a Database and a Follower tell of themselves.
//
// Thread safety: under the GIL (see common.h).
#pragma once

#include "reads.h"

namespace quiver::python {

nb::object Metrics(const View& view);
std::string MetricsText(const View& view);
std::string MetricsPrometheus(const View& view);
nb::dict Recovery(const View& view);
nb::dict Settings(const View& view);

/// Adds these methods to a class that has `View view() const`.
template <typename Class>
void BindInfo(nb::class_<Class>& type) {
  type.def(
          "metrics", [](const Class& self) { return Metrics(self.view()); },
          "One reading of all metrics.")
      .def(
          "metrics_text", [](const Class& self) { return MetricsText(self.view()); },
          "The metrics as a table for people.")
      .def(
          "metrics_prometheus", [](const Class& self) { return MetricsPrometheus(self.view()); },
          "The metrics for a Prometheus scraper.")
      .def(
          "recovery_report", [](const Class& self) { return Recovery(self.view()); },
          "What the open that made this state found and did.")
      .def(
          "settings", [](const Class& self) { return Settings(self.view()); },
          "Every setting that the database runs with, by name, as text.");
}

}  // namespace quiver::python
