// Database, for Python.
#include "copies.h"
#include "info.h"
#include "keyspace.h"
#include "settings.h"
#include "transaction.h"
#include "writes.h"

namespace quiver::python {

namespace {

struct PyDatabase {
  DatabaseRef open;
  std::string path;
  View view() const { return {open, std::nullopt, std::nullopt}; }
  Target target() const { return {open, std::nullopt}; }
};

// The preset if one is named, else what is stored with the database, else the default; then the
// settings by name.
DatabaseConfig ConfigOf(const std::string& path, nb::handle preset, const nb::kwargs& settings) {
  DatabaseConfig config;
  if (!preset.is_none()) {
    config = Unwrap(Preset(TextArgument(preset, "preset")));
  } else {
    auto stored = Unlocked([&] { return Database::StoredConfig(path); });
    if (stored)
      config = *stored;
    else if (stored.error().code() == ErrorCode::kNotFound)
      config = Balanced();
    else
      Raise(stored.error());
  }
  ApplySettings(config, settings);
  return config;
}

void Open(PyDatabase* self, nb::handle path_argument, nb::handle preset, bool read_only,
          const nb::kwargs& settings) {
  std::string path = PathArgument(path_argument);
  if (read_only && (settings.size() > 0 || !preset.is_none())) {
    RaiseType(PyExc_TypeError, "a database opened for reading uses the settings stored with it");
  }
  DatabaseConfig config;
  if (!read_only) config = ConfigOf(path, preset, settings);
  auto opened = Unwrap(Unlocked(
      [&] { return read_only ? Database::OpenReadOnly(path) : Database::Open(path, config); }));
  new (self)
      PyDatabase{DatabaseRef(std::make_shared<OpenDatabase>(std::move(opened))), std::move(path)};
}

void Close(const PyDatabase& self) {
  self.open->closed.store(true, std::memory_order_relaxed);
  Unwrap(Unlocked([&] { return self.open.database().Close(); }));
}

nb::object KeyspaceOf(const PyDatabase& self, const std::string& name, bool create,
                      const nb::kwargs& settings) {
  if (!create && settings.size() > 0) {
    RaiseType(PyExc_TypeError,
              "settings are for a keyspace that is made: they need create=True, and an existing "
              "one keeps those that it has");
  }
  return MakeKeyspace(self.open, create ? CreateOrOpenKeyspace(self.open, name, settings)
                                        : OpenKeyspace(self.open, name));
}

std::string Repr(const PyDatabase& self) {
  return "<quiver.Database '" + EscapeBytes(self.path) + "', " +
         (self.open->closed ? "closed>" : "open>");
}

void BindMaintenance(nb::class_<PyDatabase>& type) {
  using namespace nb::literals;
  const auto plain = [&type](const char* name, Result<void> (Database::*method)() noexcept,
                             const char* text) {
    type.def(
        name,
        [method](const PyDatabase& self) {
          Unwrap(Unlocked([&] { return (self.open.database().*method)(); }));
        },
        text);
  };
  plain("flush", &Database::Flush, "Writes all memtables to tables and waits for it.");
  plain("wait_for_background_work", &Database::WaitForBackgroundWork,
        "Waits until no flush or compaction is due or runs, merges in a pause included.");
  plain("sync", &Database::SyncLog,
        "Syncs the log: every acknowledged write is durable when it returns.");
  type.def_prop_ro(
          "durable_sequence",
          [](const PyDatabase& self) { return self.open.database().DurableSequence(); },
          "The newest sequence number that a power cut cannot lose.")
      .def(
          "wait_durable",
          [](const PyDatabase& self, std::uint64_t sequence) {
            Unwrap(Unlocked([&] { return self.open.database().WaitDurable(sequence); }));
          },
          "sequence"_a, "Waits until durable_sequence is at least `sequence`.");
  BindInfo(type);
}

}  // namespace

void BindDatabase(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<PyDatabase> type(module, "Database",
                              "An ordered key-value store in a directory; bytes to bytes.");
  type.def("__init__", &Open, "path"_a.none(), nb::kw_only(), "preset"_a = nb::none(),
           "read_only"_a = false, "settings"_a)
      .def("close", &Close,
           "Syncs the log and releases the directory. Iterators, snapshots and other threads get "
           "ClosedError; a second close does nothing.")
      .def_prop_ro("closed", [](const PyDatabase& self) { return self.open->closed.load(); })
      .def_prop_ro("path",
                   [](const PyDatabase& self) {
                     return nb::module_::import_("os").attr("fsdecode")(ToBytes(self.path));
                   })
      .def("__enter__", [](nb::handle self) { return nb::borrow(self); })
      .def(
          "__exit__",
          [](const PyDatabase& self, nb::handle, nb::handle, nb::handle) { Close(self); },
          "type"_a.none(), "exception"_a.none(), "traceback"_a.none())
      .def("__repr__", &Repr);
  type.def("keyspace", &KeyspaceOf, "name"_a, nb::kw_only(), "create"_a = false, "settings"_a,
           "The keyspace of a name, which has all methods of reading and writing. With create=True "
           "it is made, with the settings given, unless it is there.")
      .def(
          "keyspaces", [](const PyDatabase& self) { return KeyspaceNames(self.open); },
          "The names of all keyspaces, in the order of their creation.")
      .def(
          "drop_keyspace",
          [](const PyDatabase& self, nb::handle keyspace) {
            const Keyspace dropped = KeyspaceArgument(self.open, keyspace);
            Unwrap(Unlocked([&] { return self.open.database().DropKeyspace(dropped); }));
          },
          "keyspace"_a.none(), "Deletes a keyspace with all its keys, at once and for good.");
  type.def(
      "transaction",
      [](const PyDatabase& self, const std::string& isolation, nb::handle wal_mode,
         bool fail_if_stalled) {
        return MakeTransaction(self.open, isolation, {wal_mode, fail_if_stalled});
      },
      nb::kw_only(), "isolation"_a = "snapshot", "wal_mode"_a = nb::none(),
      "fail_if_stalled"_a = false,
      "Begins a transaction; `isolation` is \"snapshot\" or \"serializable\".");
  BindWrites(type);
  BindReads(type);
  BindCopies(type);
  BindDataset(type);
  BindMaintenance(type);
}

}  // namespace quiver::python
