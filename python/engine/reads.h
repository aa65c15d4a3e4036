// Reading: what a Database, a Keyspace and a Snapshot have in common.
//
// A view is a database, the keyspace to read and, for a snapshot, the state. It is taken for one
// call.
//
// Thread safety: under the GIL (see common.h).
#pragma once

#include "common.h"

namespace quiver::python {

/// What one reading call sees.
struct View {
  DatabaseRef open;                  ///< a share: a Follower may move on meanwhile
  std::optional<Snapshot> snapshot;  ///< a copy: the Snapshot object may be closed meanwhile
  std::optional<Keyspace> keyspace;  ///< nothing: the default one

  ReadOptions options() const {
    return {.keyspace = keyspace ? &*keyspace : nullptr,
            .snapshot = snapshot ? &*snapshot : nullptr,
            .fill_cache = true};
  }
};

/// What an iterator shows of each row.
enum class Show { kItems, kKeys, kValues };

/// Arguments of items(), keys() and values().
struct RangeArguments {
  nb::object start;
  nb::object stop;
  nb::object prefix;
  bool reverse;
};

/// What a Cursor is made with beside its iterator.
struct CursorOptions {
  Show show = Show::kItems;
  bool reverse = false;
  std::size_t chunk_rows_max = 1024;  ///< rows that are read ahead at most
  /// True while a call is in the engine without the GIL; of a transaction it is shared.
  std::shared_ptr<bool> busy = std::make_shared<bool>(false);
};

/// Arguments of scan().
struct ScanArguments {
  nb::object start;
  nb::object stop;
  nb::object prefix;
  nb::object columns;
  nb::object limit;
  std::uint32_t batch_rows;
};

nb::object Get(const View& view, nb::handle key, nb::object fallback);
nb::object GetItem(const View& view, nb::handle key);
bool Contains(const View& view, nb::handle key);
/// When a value expires as a datetime, None if never; KeyError if the key is absent.
nb::object Expiry(const View& view, nb::handle key);
/// The value as add_int64 counts; 0 if the key is absent.
std::int64_t Counter(const View& view, nb::handle key);
nb::list GetMany(const View& view, nb::handle keys);
/// The range that arguments name; keyspace and snapshot are not set.
IteratorOptions IteratorArguments(const RangeArguments& range);
nb::object MakeCursor(const DatabaseRef& open, Iterator iterator, const CursorOptions& options);
nb::object MakeCursor(const View& view, const RangeArguments& range, Show show);
nb::object MakeScan(const View& view, const ScanArguments& arguments);
nb::object Stream(const View& view);
nb::object Sql(nb::handle self, nb::args arguments, nb::kwargs options);

/// Adds the reading methods to a class that has `View view() const`.
template <typename Class>
void BindReads(nb::class_<Class>& type) {
  using namespace nb::literals;
  type.def(
          "get",
          [](const Class& self, nb::handle key, nb::object fallback) {
            return Get(self.view(), key, std::move(fallback));
          },
          "key"_a.none(), "default"_a = nb::none(), "The value of a key, or `default`.")
      .def(
          "__getitem__",
          [](const Class& self, nb::handle key) { return GetItem(self.view(), key); },
          "key"_a.none())
      .def(
          "__contains__",
          [](const Class& self, nb::handle key) { return Contains(self.view(), key); },
          "key"_a.none())
      .def(
          "get_many", [](const Class& self, nb::handle keys) { return GetMany(self.view(), keys); },
          "keys"_a.none(),
          "The values of many keys on one state, in their order; None for absent ones.")
      .def(
          "expiry", [](const Class& self, nb::handle key) { return Expiry(self.view(), key); },
          "key"_a.none(),
          "When the value of a key expires, a datetime in UTC, or None if never. KeyError if the "
          "key is absent.")
      .def(
          "counter", [](const Class& self, nb::handle key) { return Counter(self.view(), key); },
          "key"_a.none(), "The value of a key as an int that add_int64 counts; 0 if it is absent.")
      .def("__iter__",
           [](const Class& self) {
             return MakeCursor(self.view(), {nb::none(), nb::none(), nb::none(), false},
                               Show::kKeys);
           })
      .def(
          "scan",
          [](const Class& self, nb::object start, nb::object stop, nb::object prefix,
             nb::object columns, nb::object limit, std::uint32_t batch_rows) {
            return MakeScan(self.view(), {std::move(start), std::move(stop), std::move(prefix),
                                          std::move(columns), std::move(limit), batch_rows});
          },
          "start"_a = nb::none(), "stop"_a = nb::none(), nb::kw_only(), "prefix"_a = nb::none(),
          "columns"_a = nb::none(), "limit"_a = nb::none(), "batch_rows"_a = 0,
          "A range as an Arrow stream, for pyarrow.table(), polars.DataFrame() and DuckDB.")
      .def(
          "__arrow_c_stream__",
          [](const Class& self, const nb::object&) { return Stream(self.view()); },
          "requested_schema"_a = nb::none(), "The rows as an Arrow stream (a PyCapsule).")
      .def("sql", &Sql, "Runs a DuckDB query in which the table `db` is this state.")
      .def("__reduce_ex__", &RefusePickle)
      .def("__copy__", &RefusePickle)
      .def("__deepcopy__", &RefusePickle);
  const auto range = [&type](const char* name, Show show, const char* text) {
    type.def(
        name,
        [show](const Class& self, nb::object start, nb::object stop, nb::object prefix,
               bool reverse) {
          return MakeCursor(self.view(),
                            {std::move(start), std::move(stop), std::move(prefix), reverse}, show);
        },
        "start"_a = nb::none(), "stop"_a = nb::none(), nb::kw_only(), "prefix"_a = nb::none(),
        "reverse"_a = false, text);
  };
  range("items", Show::kItems, "Pairs of key and value in key order, read as the iterator goes.");
  range("keys", Show::kKeys, "Keys in order, read as the iterator goes.");
  range("values", Show::kValues, "Values in the order of their keys, read as the iterator goes.");
}

}  // namespace quiver::python
