// Database and Snapshot, for Python.
#include "batch.h"
#include "reads.h"

namespace quiver::python {

namespace {

struct PyDatabase {
  DatabaseRef open;
  std::string path;
  View view() const { return {open, std::nullopt}; }
};

struct PySnapshot {
  DatabaseRef open;
  std::optional<Snapshot> snapshot;  ///< nothing once closed
  View view() const {
    if (!snapshot) Raise(Error(ErrorCode::kClosed, "this snapshot was closed"));
    return {open, snapshot};
  }
};

// A setting's value as the text that the table of settings parses.
std::string SettingText(const std::string& name, nb::handle value) {
  if (nb::isinstance<nb::bool_>(value)) return nb::cast<bool>(value) ? "true" : "false";
  if (nb::isinstance<nb::int_>(value) || nb::isinstance<nb::str>(value)) {
    return nb::cast<std::string>(nb::str(value));
  }
  RaiseType(PyExc_TypeError, "the setting " + name + " is a bool, an int or a str");
}

// The preset if one is named, else what is stored with the database, else the default; then the
// settings by name.
DatabaseConfig ConfigOf(const std::string& path, nb::handle preset, const nb::kwargs& settings) {
  DatabaseConfig config;
  if (!preset.is_none()) {
    config = Unwrap(Preset(nb::cast<std::string>(preset)));
  } else {
    auto stored = Unlocked([&] { return Database::StoredConfig(path); });
    if (stored)
      config = *stored;
    else if (stored.error().code() == ErrorCode::kNotFound)
      config = Balanced();
    else
      Raise(stored.error());
  }
  for (const auto& [name, value] : settings) {
    const std::string setting = nb::cast<std::string>(name);
    const Result<void> set = SetSetting(config, setting, SettingText(setting, value));
    if (!set && set.error().code() == ErrorCode::kNotFound) {
      RaiseType(PyExc_TypeError, set.error().message());  // as any unknown keyword argument
    }
    Unwrap(set);
  }
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

void Put(const PyDatabase& self, nb::handle key, nb::handle value, nb::handle wal_mode,
         bool fail_if_stalled) {
  const WriteOptions options = WriteArguments(wal_mode, fail_if_stalled);
  const BytesArgument key_bytes(key, "key");
  const BytesArgument value_bytes(value, "value");
  Unwrap(Unlocked(
      [&] { return self.open.database().Put(key_bytes.view(), value_bytes.view(), options); }));
}

void Delete(const PyDatabase& self, nb::handle key, nb::handle wal_mode, bool fail_if_stalled) {
  const WriteOptions options = WriteArguments(wal_mode, fail_if_stalled);
  const BytesArgument bytes(key, "key");
  Unwrap(Unlocked([&] { return self.open.database().Delete(bytes.view(), options); }));
}

// As a dict does: KeyError if the key is absent. Two steps, so a race between deleters is not seen.
void DeleteItem(const PyDatabase& self, nb::handle key) {
  if (!Contains(self.view(), key)) {
    PyErr_SetObject(PyExc_KeyError, key.ptr());
    throw nb::python_error();
  }
  Delete(self, key, nb::none(), false);
}

void Compact(const PyDatabase& self, nb::handle start, nb::handle stop) {
  const std::optional<std::string> from = OptionalBytes(start, "start");
  const std::optional<std::string> to = OptionalBytes(stop, "stop");
  Unwrap(Unlocked([&] { return self.open.database().CompactRange(from, to); }));
}

nb::list Strings(const std::vector<std::string>& texts) {
  nb::list list;
  for (const std::string& text : texts) list.append(nb::str(text.c_str(), text.size()));
  return list;
}

nb::dict Recovery(const PyDatabase& self) {
  const RecoveryReport& report = self.open.database().recovery_report();
  nb::dict fields;
  fields["created"] = report.created;
  fields["clean_shutdown"] = report.clean_shutdown;
  fields["segments_replayed"] = report.segments_replayed;
  fields["batches_replayed"] = report.batches_replayed;
  fields["entries_replayed"] = report.entries_replayed;
  fields["bytes_replayed"] = report.bytes_replayed;
  fields["last_sequence"] = report.last_sequence;
  fields["torn_tail_bytes"] = report.torn_tail_bytes;
  fields["duration_ms"] = report.duration_ms;
  fields["notes"] = Strings(report.notes);
  fields["losses"] = Strings(report.losses);
  fields["orphans_removed"] = Strings(report.orphans_removed);
  fields["foreign_files"] = Strings(report.foreign_files);
  return fields;
}

nb::dict Settings(const PyDatabase& self) {
  nb::dict settings;
  for (const SettingInfo& row : ConfigTable()) {
    settings[nb::str(row.name.data(), row.name.size())] =
        Unwrap(GetSetting(self.open.database().config(), row.name));
  }
  return settings;
}

nb::object Metrics(const PyDatabase& self) {
  const std::string json = Unlocked([&] { return self.open.database().Metrics().ToJson(); });
  return nb::module_::import_("json").attr("loads")(json);
}

nb::object MakeSnapshot(const PyDatabase& self) {
  Snapshot snapshot = Unwrap(Unlocked([&] { return self.open.database().NewSnapshot(); }));
  return nb::cast(new PySnapshot{self.open, std::move(snapshot)}, nb::rv_policy::take_ownership);
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
        "Waits until no flush or compaction is due.");
  plain("sync", &Database::SyncLog,
        "Syncs the log: every acknowledged write is durable when it returns.");
  type.def("compact", &Compact, "start"_a = nb::none(), "stop"_a = nb::none(),
           "Merges a range down to the last level and waits.")
      .def_prop_ro(
          "durable_sequence",
          [](const PyDatabase& self) { return self.open.database().DurableSequence(); },
          "The newest sequence number that a power cut cannot lose.")
      .def(
          "wait_durable",
          [](const PyDatabase& self, std::uint64_t sequence) {
            Unwrap(Unlocked([&] { return self.open.database().WaitDurable(sequence); }));
          },
          "sequence"_a, "Waits until durable_sequence is at least `sequence`.")
      .def("metrics", &Metrics, "One reading of all metrics.")
      .def(
          "metrics_text",
          [](const PyDatabase& self) { return self.open.database().Metrics().ToText(); },
          "The metrics as a table for people.")
      .def(
          "metrics_prometheus",
          [](const PyDatabase& self) { return self.open.database().Metrics().ToPrometheus(); },
          "The metrics for a Prometheus scraper.")
      .def("recovery_report", &Recovery, "What the open that made this object found and did.")
      .def("settings", &Settings, "Every setting that the database runs with, by name, as text.");
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
      .def("__repr__", &Repr)
      .def("put", &Put, "key"_a.none(), "value"_a.none(), nb::kw_only(), "wal_mode"_a = nb::none(),
           "fail_if_stalled"_a = false, "Stores a value; durable as `wal_mode` says.")
      .def(
          "__setitem__",
          [](const PyDatabase& self, nb::handle key, nb::handle value) {
            Put(self, key, value, nb::none(), false);
          },
          "key"_a.none(), "value"_a.none())
      .def("delete", &Delete, "key"_a.none(), nb::kw_only(), "wal_mode"_a = nb::none(),
           "fail_if_stalled"_a = false, "Deletes a key; an absent one is no error.")
      .def("__delitem__", &DeleteItem, "key"_a.none())
      .def(
          "put_many",
          [](const PyDatabase& self, nb::handle items, bool atomic, nb::handle wal_mode,
             bool fail_if_stalled) {
            return PutMany(self.open, items, atomic, WriteArguments(wal_mode, fail_if_stalled));
          },
          "items"_a.none(), nb::kw_only(), "atomic"_a = true, "wal_mode"_a = nb::none(),
          "fail_if_stalled"_a = false,
          "Stores the pairs of a mapping or an iterable, all or nothing (with atomic=False in "
          "batches of about 1 MiB); returns their number.")
      .def(
          "batch",
          [](const PyDatabase& self, nb::handle wal_mode, bool fail_if_stalled) {
            return MakeBatch(self.open, WriteArguments(wal_mode, fail_if_stalled));
          },
          nb::kw_only(), "wal_mode"_a = nb::none(), "fail_if_stalled"_a = false,
          "A new batch: `with db.batch() as batch: batch[key] = value`.")
      .def("snapshot", &MakeSnapshot, "A consistent view of the current state.");
  BindReads(type);
  BindMaintenance(type);
}

void BindSnapshot(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<PySnapshot> type(
      module, "Snapshot", "A consistent, read-only view. While it is held, old versions are kept.");
  type.def_prop_ro(
          "sequence", [](const PySnapshot& self) { return self.view().snapshot->sequence(); },
          "The sequence number of the last write that it sees.")
      .def(
          "close", [](PySnapshot& self) { self.snapshot.reset(); }, "Lets go of the state.")
      .def_prop_ro("closed", [](const PySnapshot& self) { return !self.snapshot.has_value(); })
      .def("__enter__", [](nb::handle self) { return nb::borrow(self); })
      .def(
          "__exit__",
          [](PySnapshot& self, nb::handle, nb::handle, nb::handle) { self.snapshot.reset(); },
          "type"_a.none(), "exception"_a.none(), "traceback"_a.none());
  BindReads(type);
}

}  // namespace quiver::python
