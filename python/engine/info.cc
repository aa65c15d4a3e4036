// Metrics, recovery report and settings, for Python.
#include "info.h"

#include "reports.h"
#include "settings.h"

namespace quiver::python {

namespace {

DatabaseMetrics Read(const View& view) {
  return Unlocked([&] { return view.open.database().Metrics(); });
}

}  // namespace

nb::object Metrics(const View& view) {
  return nb::module_::import_("json").attr("loads")(Read(view).ToJson());
}

std::string MetricsText(const View& view) {
  return Read(view).ToText();
}

std::string MetricsPrometheus(const View& view) {
  return Read(view).ToPrometheus();
}

nb::dict Recovery(const View& view) {
  return Report(view.open.database().recovery_report());
}

nb::dict Settings(const View& view) {
  return SettingsDict(view.open.database().config());
}

}  // namespace quiver::python
