// Writing: what a Database and a Keyspace have in common.
//
// A target is a database and the keyspace to write to. It is taken for one call.
//
// Thread safety: under the GIL (see common.h).
#pragma once

#include "batch.h"
#include "keyspace.h"

namespace quiver::python {

/// What one writing call works on.
struct Target {
  const DatabaseRef& open;
  std::optional<Keyspace> keyspace;  ///< nothing: the default one
};

void Put(const Target& target, nb::handle key, nb::handle value, const WriteArguments& arguments);
void Delete(const Target& target, nb::handle key, const WriteArguments& arguments);
/// As a dict does: KeyError if the key is absent.
void DeleteItem(const Target& target, nb::handle key);
void DeleteRange(const Target& target, nb::handle start, nb::handle stop,
                 const WriteArguments& arguments);
void Merge(const Target& target, nb::handle key, nb::handle operand,
           const WriteArguments& arguments);
/// Puts the pairs of a mapping or of an iterable of pairs. One batch, or with atomic = false as
/// many of about a mebibyte as it takes. Returns their number.
std::uint64_t PutMany(const Target& target, nb::handle items, bool atomic,
                      const WriteArguments& arguments);
void Compact(const Target& target, nb::handle start, nb::handle stop);

/// Keyword arguments of ingest().
struct IngestArguments {
  std::string key_column;
  std::string value_column;
  std::optional<std::string> expiry_column;
  bool refuse_duplicates;
  std::uint64_t memory_bytes;
  nb::handle progress;
};
/// Adds the rows of Arrow files: one path, or an iterable of paths.
nb::dict Ingest(const Target& target, nb::handle files, const IngestArguments& arguments);

/// The methods that write rows one by one.
template <typename Class>
void BindRowWrites(nb::class_<Class>& type) {
  using namespace nb::literals;
  type.def(
          "put",
          [](const Class& self, nb::handle key, nb::handle value, nb::handle ttl,
             nb::handle expires_at, nb::handle wal_mode, bool fail_if_stalled) {
            Put(self.target(), key, value, {wal_mode, fail_if_stalled, ttl, expires_at});
          },
          "key"_a.none(), "value"_a.none(), nb::kw_only(), "ttl"_a = nb::none(),
          "expires_at"_a = nb::none(), "wal_mode"_a = nb::none(), "fail_if_stalled"_a = false,
          "Stores a value; durable as `wal_mode` says. It is gone `ttl` (seconds or a timedelta) "
          "after the call, or at the moment `expires_at`.")
      .def(
          "__setitem__",
          [](const Class& self, nb::handle key, nb::handle value) {
            Put(self.target(), key, value, {});
          },
          "key"_a.none(), "value"_a.none())
      .def(
          "delete",
          [](const Class& self, nb::handle key, nb::handle wal_mode, bool fail_if_stalled) {
            Delete(self.target(), key, {wal_mode, fail_if_stalled});
          },
          "key"_a.none(), nb::kw_only(), "wal_mode"_a = nb::none(), "fail_if_stalled"_a = false,
          "Deletes a key; an absent one is no error.")
      .def(
          "__delitem__", [](const Class& self, nb::handle key) { DeleteItem(self.target(), key); },
          "key"_a.none())
      .def(
          "merge",
          [](const Class& self, nb::handle key, nb::handle operand, nb::handle ttl,
             nb::handle expires_at, nb::handle wal_mode, bool fail_if_stalled) {
            Merge(self.target(), key, operand, {wal_mode, fail_if_stalled, ttl, expires_at});
          },
          "key"_a.none(), "operand"_a.none(), nb::kw_only(), "ttl"_a = nb::none(),
          "expires_at"_a = nb::none(), "wal_mode"_a = nb::none(), "fail_if_stalled"_a = false,
          "Applies an operand to a value by the setting merge_operator, without reading it; an int "
          "where that is add_int64, else bytes.");
}

/// Adds the writing methods to a class that has `Target target() const`.
template <typename Class>
void BindWrites(nb::class_<Class>& type) {
  using namespace nb::literals;
  BindRowWrites(type);
  type.def(
          "delete_range",
          [](const Class& self, nb::handle start, nb::handle stop, nb::handle wal_mode,
             bool fail_if_stalled) {
            DeleteRange(self.target(), start, stop, {wal_mode, fail_if_stalled});
          },
          "start"_a.none(), "stop"_a.none(), nb::kw_only(), "wal_mode"_a = nb::none(),
          "fail_if_stalled"_a = false,
          "Deletes all keys from `start` on and before `stop`, at the cost of one write.")
      .def(
          "put_many",
          [](const Class& self, nb::handle items, bool atomic, nb::handle ttl,
             nb::handle expires_at, nb::handle wal_mode, bool fail_if_stalled) {
            return PutMany(self.target(), items, atomic,
                           {wal_mode, fail_if_stalled, ttl, expires_at});
          },
          "items"_a.none(), nb::kw_only(), "atomic"_a = true, "ttl"_a = nb::none(),
          "expires_at"_a = nb::none(), "wal_mode"_a = nb::none(), "fail_if_stalled"_a = false,
          "Stores the pairs of a mapping or an iterable, all or nothing (with atomic=False in "
          "batches of about 1 MiB); returns their number.")
      .def(
          "batch",
          [](const Class& self, nb::handle wal_mode, bool fail_if_stalled) {
            const Target target = self.target();
            return MakeBatch(target.open, target.keyspace, {wal_mode, fail_if_stalled});
          },
          nb::kw_only(), "wal_mode"_a = nb::none(), "fail_if_stalled"_a = false,
          "A new batch: `with db.batch() as batch: batch[key] = value`.")
      .def(
          "snapshot",
          [](const Class& self) {
            const Target target = self.target();
            return MakeSnapshot(target.open, target.keyspace);
          },
          "A consistent view of the current state.")
      .def(
          "compact",
          [](const Class& self, nb::handle start, nb::handle stop) {
            Compact(self.target(), start, stop);
          },
          "start"_a = nb::none(), "stop"_a = nb::none(),
          "Merges a range down to the last level and waits.")
      .def(
          "ingest",
          [](const Class& self, nb::handle files, std::string key_column, std::string value_column,
             std::optional<std::string> expiry_column, bool refuse_duplicates,
             std::uint64_t memory_bytes, nb::handle progress) {
            return Ingest(self.target(), files,
                          {std::move(key_column), std::move(value_column), std::move(expiry_column),
                           refuse_duplicates, memory_bytes, progress});
          },
          "files"_a.none(), nb::kw_only(), "key_column"_a = "key", "value_column"_a = "value",
          "expiry_column"_a = nb::none(), "refuse_duplicates"_a = false,
          "memory_bytes"_a = IngestOptions().memory_bytes, "progress"_a = nb::none(),
          "Adds the rows of Arrow IPC files (a path, or several) as tables, all at once and "
          "without "
          "the log; returns a report.");
}

}  // namespace quiver::python
