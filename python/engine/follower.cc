// Follower, for Python: reads a database that another process writes.
//
// A reading call works on the state that was there when it began: a refresh by another thread
// leaves it alone. Keyspaces of a follower are found by name in the present state at each call,
// because each state has its own.
#include "quiver/follower.h"

#include <algorithm>
#include <vector>

#include "copies.h"
#include "info.h"
#include "keyspace.h"

namespace quiver::python {

namespace {

/// A follower and the states of it that are still used, shared with its keyspaces.
class Followed {
 public:
  explicit Followed(std::shared_ptr<Follower> follower) : follower_(std::move(follower)) {
    TakeState();
  }
  Followed(const Followed&) = delete;
  Followed& operator=(const Followed&) = delete;
  ~Followed() {
    const DatabaseRef last(std::move(current_));  // closes, without the GIL, if nobody else has it
    const nb::gil_scoped_release unlocked;
    follower_.reset();
  }

  DatabaseRef current() const { return DatabaseRef(current_); }
  bool closed() const noexcept { return closed_; }

  bool Refresh() {
    CheckOpen();
    const std::shared_ptr<Follower> follower = follower_;
    const bool moved = Unwrap(Unlocked([&] { return follower->Refresh(); }));
    if (moved) TakeState();
    if (closed_) CloseStates();  // by another thread, meanwhile
    CheckOpen();
    return moved;
  }

  void Close() {
    closed_ = true;
    CloseStates();
  }

 private:
  void CheckOpen() const {
    if (closed_) Raise(Error(ErrorCode::kClosed, "this follower was closed"));
  }

  void TakeState() {
    std::shared_ptr<Database> database = follower_->database();
    if (current_ != nullptr && current_->database == database) return;
    const DatabaseRef replaced(std::move(current_));
    current_ = std::make_shared<OpenDatabase>(std::move(database));
    std::erase_if(states_, [](const auto& state) { return state.expired(); });
    states_.push_back(current_);
  }

  void CloseStates() {
    std::vector<std::shared_ptr<OpenDatabase>> open;
    for (const auto& state : states_) {
      if (auto shared = state.lock()) open.push_back(std::move(shared));
    }
    for (const auto& state : open) state->closed.store(true, std::memory_order_relaxed);
    const Result<void> closed = Unlocked([&] {
      Result<void> result;
      for (const auto& state : open) {
        if (Result<void> done = state->database->Close(); !done) result = done;
      }
      open.clear();
      return result;
    });
    Unwrap(closed);
  }

  std::shared_ptr<Follower> follower_;
  std::shared_ptr<OpenDatabase> current_;
  std::vector<std::weak_ptr<OpenDatabase>> states_;
  bool closed_ = false;
};

struct PyFollower {
  std::shared_ptr<Followed> followed;
  std::string path;
  View view() const { return {followed->current(), std::nullopt, std::nullopt}; }
};

struct PyFollowerKeyspace {
  std::shared_ptr<Followed> followed;
  std::string name;
  View view() const {
    DatabaseRef open = followed->current();
    Keyspace keyspace = OpenKeyspace(open, name);
    return {std::move(open), std::nullopt, std::move(keyspace)};
  }
};

void Open(PyFollower* self, nb::handle path_argument) {
  std::string path = PathArgument(path_argument);
  std::shared_ptr<Follower> follower = Unwrap(Unlocked([&] { return Follower::Open(path); }));
  new (self) PyFollower{std::make_shared<Followed>(std::move(follower)), std::move(path)};
}

std::string Repr(const PyFollower& self) {
  return "<quiver.Follower '" + EscapeBytes(self.path) + "', " +
         (self.followed->closed() ? "closed>" : "open>");
}

nb::object KeyspaceOf(const PyFollower& self, const std::string& name) {
  (void)OpenKeyspace(self.followed->current(), name);  // that there is one
  return nb::cast(new PyFollowerKeyspace{self.followed, name}, nb::rv_policy::take_ownership);
}

void BindFollowerKeyspace(nb::module_& module) {
  nb::class_<PyFollowerKeyspace> type(
      module, "FollowerKeyspace",
      "A keyspace of a followed database, for reading: that of its name in the newest state.");
  type.def_prop_ro("name", [](const PyFollowerKeyspace& self) { return self.name; })
      .def("__repr__",
           [](const PyFollowerKeyspace& self) {
             return "<quiver.FollowerKeyspace '" + EscapeBytes(self.name) + "'>";
           })
      .def(
          "snapshot",
          [](const PyFollowerKeyspace& self) {
            const View view = self.view();
            return MakeSnapshot(view.open, view.keyspace);
          },
          "The present state, which stays what it is when the follower moves on.");
  BindReads(type);
  BindDatasetAsItIs(type);
}

}  // namespace

void BindFollower(nb::module_& module) {
  using namespace nb::literals;
  BindFollowerKeyspace(module);
  nb::class_<PyFollower> type(
      module, "Follower",
      "Reads a database that another process writes, and moves to its newest state when told to.");
  type.def("__init__", &Open, "path"_a.none())
      .def(
          "refresh", [](const PyFollower& self) { return self.followed->Refresh(); },
          "Moves to the newest state; False if nothing has changed. Iterators, snapshots and "
          "streams stay on theirs.")
      .def_prop_ro(
          "sequence",
          [](const PyFollower& self) {
            return self.view().open.database().recovery_report().last_sequence;
          },
          "The sequence number of the last write that it sees.")
      .def(
          "snapshot",
          [](const PyFollower& self) { return MakeSnapshot(self.view().open, std::nullopt); },
          "The present state, which stays what it is when the follower moves on.")
      .def("keyspace", &KeyspaceOf, "name"_a,
           "The keyspace of a name, which has all methods of reading and moves on with the "
           "follower.")
      .def(
          "keyspaces", [](const PyFollower& self) { return KeyspaceNames(self.view().open); },
          "The names of all keyspaces, in the order of their creation.")
      .def(
          "close", [](const PyFollower& self) { self.followed->Close(); },
          "Lets go of all states: iterators and snapshots of them get ClosedError.")
      .def_prop_ro("closed", [](const PyFollower& self) { return self.followed->closed(); })
      .def_prop_ro("path",
                   [](const PyFollower& self) {
                     return nb::module_::import_("os").attr("fsdecode")(ToBytes(self.path));
                   })
      .def("__enter__", [](nb::handle self) { return nb::borrow(self); })
      .def(
          "__exit__",
          [](const PyFollower& self, nb::handle, nb::handle, nb::handle) {
            self.followed->Close();
          },
          "type"_a.none(), "exception"_a.none(), "traceback"_a.none())
      .def("__repr__", &Repr);
  BindReads(type);
  BindInfo(type);
  BindCopies(type);
  BindDatasetAsItIs(type);
}

}  // namespace quiver::python
