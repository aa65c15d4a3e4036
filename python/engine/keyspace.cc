// Keyspace, for Python.
#include "keyspace.h"

#include "copies.h"
#include "reads.h"
#include "reports.h"
#include "settings.h"
#include "writes.h"

namespace quiver::python {

namespace {

struct PyKeyspace {
  DatabaseRef open;
  Keyspace keyspace;
  View view() const { return {open, std::nullopt, keyspace}; }
  Target target() const { return {open, keyspace}; }
};

Result<Keyspace> Find(const DatabaseRef& open, const std::string& name) {
  return Unlocked([&] { return open.database().OpenKeyspace(name); });
}

DatabaseConfig ConfigOf(const DatabaseRef& open, const Keyspace& keyspace) {
  return Unwrap(Unlocked([&] { return open.database().KeyspaceConfig(keyspace); }));
}

// Settings are fixed when a keyspace is made: whoever names others must hear of it.
void CheckSettings(const DatabaseRef& open, const Keyspace& keyspace, const nb::kwargs& settings) {
  const DatabaseConfig stored = ConfigOf(open, keyspace);
  DatabaseConfig wanted = stored;
  ApplySettings(wanted, settings);
  for (const auto& [name, value] : settings) {
    const std::string setting = TextArgument(name, "the name of a setting");
    const std::string has = Unwrap(GetSetting(stored, setting));
    const std::string asked = Unwrap(GetSetting(wanted, setting));
    if (has == asked) continue;
    Raise(Error(ErrorCode::kInvalidArgument,
                "the keyspace \"" + EscapeBytes(keyspace.name()) + "\" was made with " + setting +
                    " = " + has + ", not " + asked +
                    "; the settings of a keyspace are fixed when it is made"));
  }
}

nb::dict MetricsOf(const PyKeyspace& self) {
  const DatabaseMetrics metrics = Unlocked([&] { return self.open.database().Metrics(); });
  for (const KeyspaceMetrics& each : metrics.keyspaces) {
    if (each.name == self.keyspace.name()) return Report(each);
  }
  Raise(Error(ErrorCode::kNotFound, "the keyspace \"" + EscapeBytes(self.keyspace.name()) +
                                        "\" was dropped, or is not among the oldest " +
                                        std::to_string(kKeyspaceMetricsMax) +
                                        ", which alone have metrics of their own"));
}

std::string Repr(const PyKeyspace& self) {
  return "<quiver.Keyspace '" + EscapeBytes(self.keyspace.name()) + "'>";
}

}  // namespace

Keyspace OpenKeyspace(const DatabaseRef& open, const std::string& name) {
  return Unwrap(Find(open, name));
}

Keyspace CreateOrOpenKeyspace(const DatabaseRef& open, const std::string& name,
                              const nb::kwargs& settings) {
  Result<Keyspace> found = Find(open, name);
  if (!found && found.error().code() == ErrorCode::kNotFound) {
    DatabaseConfig config = open.database().config();
    ApplySettings(config, settings);
    Result<Keyspace> made = Unlocked([&] { return open.database().CreateKeyspace(name, config); });
    if (made) return *made;
    // Another thread may have made it meanwhile.
    found = Find(open, name);
    if (!found) Raise(made.error());
  }
  const Keyspace keyspace = Unwrap(std::move(found));
  CheckSettings(open, keyspace, settings);
  return keyspace;
}

Keyspace KeyspaceArgument(const DatabaseRef& open, nb::handle argument) {
  if (nb::isinstance<PyKeyspace>(argument)) return nb::cast<const PyKeyspace&>(argument).keyspace;
  if (!nb::isinstance<nb::str>(argument)) {
    RaiseType(PyExc_TypeError, "a keyspace is a quiver.Keyspace or its name, a str");
  }
  return OpenKeyspace(open, TextArgument(argument, "the name of a keyspace"));
}

nb::list KeyspaceNames(const DatabaseRef& open) {
  const std::vector<Keyspace> keyspaces =
      Unwrap(Unlocked([&] { return open.database().ListKeyspaces(); }));
  nb::list names;
  for (const Keyspace& keyspace : keyspaces) {
    names.append(nb::str(keyspace.name().data(), keyspace.name().size()));
  }
  return names;
}

nb::object MakeKeyspace(const DatabaseRef& open, Keyspace keyspace) {
  return nb::cast(new PyKeyspace{open, std::move(keyspace)}, nb::rv_policy::take_ownership);
}

void BindKeyspace(nb::module_& module) {
  nb::class_<PyKeyspace> type(
      module, "Keyspace",
      "A named, ordered set of keys of its own inside a database; bytes to bytes.");
  type.def_prop_ro("name", [](const PyKeyspace& self) { return self.keyspace.name(); })
      .def("__repr__", &Repr)
      .def(
          "settings",
          [](const PyKeyspace& self) { return SettingsDict(ConfigOf(self.open, self.keyspace)); },
          "Every setting that the keyspace has, by name, as text.")
      .def("metrics", &MetricsOf, "The sizes of the keyspace.");
  BindWrites(type);
  BindReads(type);
  BindDataset(type);
}

}  // namespace quiver::python
