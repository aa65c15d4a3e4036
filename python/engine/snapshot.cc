// Snapshot, for Python.
#include "keyspace.h"
#include "reads.h"

namespace quiver::python {

namespace {

struct PySnapshot {
  DatabaseRef open;
  std::optional<Snapshot> snapshot;  ///< nothing once closed
  std::optional<Keyspace> keyspace;  ///< that its reading methods show; nothing: the default one
  View view() const {
    if (!snapshot) Raise(Error(ErrorCode::kClosed, "this snapshot was closed"));
    return {open, snapshot, keyspace};
  }
};

nb::object Make(PySnapshot snapshot) {
  return nb::cast(new PySnapshot(std::move(snapshot)), nb::rv_policy::take_ownership);
}

}  // namespace

nb::object MakeSnapshot(const DatabaseRef& open, const std::optional<Keyspace>& keyspace) {
  Snapshot snapshot = Unwrap(Unlocked([&] { return open.database().NewSnapshot(); }));
  return Make({open, std::move(snapshot), keyspace});
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
      .def(
          "keyspace",
          [](const PySnapshot& self, nb::handle keyspace) {
            const View view = self.view();
            return Make({view.open, view.snapshot, KeyspaceArgument(view.open, keyspace)});
          },
          "keyspace"_a.none(),
          "The same state of another keyspace, by its name; to be closed for itself.")
      .def(
          "keyspaces", [](const PySnapshot& self) { return KeyspaceNames(self.view().open); },
          "The names of the keyspaces that the database has now.")
      .def("__enter__", [](nb::handle self) { return nb::borrow(self); })
      .def(
          "__exit__",
          [](PySnapshot& self, nb::handle, nb::handle, nb::handle) { self.snapshot.reset(); },
          "type"_a.none(), "exception"_a.none(), "traceback"_a.none());
  BindReads(type);
}

}  // namespace quiver::python
