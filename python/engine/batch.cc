// Batches, for Python: a context manager that writes at its end.
#include "batch.h"

#include "keyspace.h"

namespace quiver::python {

namespace {

class Batch {
 public:
  Batch(DatabaseRef open, std::optional<Keyspace> keyspace, const WriteOptions& options)
      : open_(std::move(open)), keyspace_(std::move(keyspace)), options_(options) {}

  void Put(nb::handle key, nb::handle value, nb::handle ttl, nb::handle expires_at,
           nb::handle keyspace) {
    const BytesArgument key_bytes(key, "key");
    const BytesArgument value_bytes(value, "value");
    const Entry entry(*this, keyspace, ExpiryMicros(ttl, expires_at));
    CheckIdle();
    Unwrap(batch_.Put(key_bytes.view(), value_bytes.view(), entry.options()));
  }
  void Delete(nb::handle key, nb::handle keyspace) {
    const BytesArgument bytes(key, "key");
    const Entry entry(*this, keyspace, 0);
    CheckIdle();
    Unwrap(batch_.Delete(bytes.view(), entry.options()));
  }
  void DeleteRange(nb::handle start, nb::handle stop, nb::handle keyspace) {
    const BytesArgument from(start, "start");
    const BytesArgument to(stop, "stop");
    const Entry entry(*this, keyspace, 0);
    CheckIdle();
    Unwrap(batch_.DeleteRange(from.view(), to.view(), entry.options()));
  }
  void Merge(nb::handle key, nb::handle operand, nb::handle ttl, nb::handle expires_at,
             nb::handle keyspace) {
    const BytesArgument bytes(key, "key");
    const Entry entry(*this, keyspace, ExpiryMicros(ttl, expires_at));
    const OperandArgument operand_bytes(open_, entry.keyspace, operand);
    CheckIdle();
    Unwrap(batch_.Merge(bytes.view(), operand_bytes.view(), entry.options()));
  }
  void Clear() {
    CheckIdle();
    batch_.Clear();
  }
  std::uint32_t count() const { return batch_.count(); }

  // Writes what is in the batch and empties it; after a failure it is as it was.
  SequenceNumber Commit() {
    CheckIdle();
    committing_ = true;
    const auto written = Unlocked([this] { return open_.database().Write(batch_, options_); });
    committing_ = false;
    if (written) batch_.Clear();
    return Unwrap(written);
  }

 private:
  // The keyspace of one operation, its own or the batch's, and when it expires.
  struct Entry {
    Entry(const Batch& batch, nb::handle own, std::uint64_t expires_us)
        : keyspace(own.is_none() ? batch.keyspace_ : KeyspaceArgument(batch.open_, own)),
          expiry_us(expires_us) {}
    EntryOptions options() const {
      return {.keyspace = keyspace ? &*keyspace : nullptr, .expiry_us = expiry_us};
    }
    const std::optional<Keyspace> keyspace;
    const std::uint64_t expiry_us;
  };

  // The engine reads the batch while the GIL is given up: another thread must keep off.
  void CheckIdle() const {
    if (committing_) RaiseType(PyExc_ValueError, "this batch is being committed by another thread");
  }

  DatabaseRef open_;
  const std::optional<Keyspace> keyspace_;
  const WriteOptions options_;
  WriteBatch batch_;
  bool committing_ = false;
};

bool IsGiven(nb::handle argument) {
  return argument.is_valid() && !argument.is_none();
}

}  // namespace

std::uint64_t ExpiryMicros(nb::handle ttl, nb::handle expires_at) {
  if (!IsGiven(ttl) && !IsGiven(expires_at)) return 0;
  const auto or_none = [](nb::handle argument) {
    return argument.is_valid() ? nb::borrow(argument) : nb::none();
  };
  return nb::cast<std::uint64_t>(
      nb::module_::import_("quiver._time").attr("expiry_us")(or_none(ttl), or_none(expires_at)));
}

WriteOptions WriteArguments::options(const std::optional<Keyspace>& keyspace) const {
  WriteOptions options;
  options.keyspace = keyspace ? &*keyspace : nullptr;
  options.expiry_us = ExpiryMicros(ttl, expires_at);
  options.fail_if_stalled = fail_if_stalled;
  if (IsGiven(wal_mode)) {
    DatabaseConfig named;
    Unwrap(SetSetting(named, "wal_mode", TextArgument(wal_mode, "wal_mode")));
    options.wal_mode = named.wal_mode;
  }
  return options;
}

OperandArgument::OperandArgument(const DatabaseRef& open, const std::optional<Keyspace>& keyspace,
                                 nb::handle operand) {
  if (!PyLong_Check(operand.ptr())) {
    bytes_.emplace(operand, "merge operand");
    return;
  }
  const MergeOperatorKind kind = keyspace ? Unwrap(Unlocked([&] {
                                              return open.database().KeyspaceConfig(*keyspace);
                                            })).merge_operator
                                          : open.database().config().merge_operator;
  if (kind != MergeOperatorKind::kAddInt64) {
    RaiseType(PyExc_TypeError,
              "an int is an operand of merge_operator = add_int64 alone; here it is " +
                  std::string(MergeOperatorName(kind)));
  }
  const long long count = PyLong_AsLongLong(operand.ptr());
  if (count == -1 && PyErr_Occurred() != nullptr) throw nb::python_error();
  counter_ = EncodeInt64(count);
}

nb::object MakeBatch(const DatabaseRef& open, const std::optional<Keyspace>& keyspace,
                     const WriteArguments& arguments) {
  return nb::cast(new Batch(open, keyspace, arguments.options(std::nullopt)),
                  nb::rv_policy::take_ownership);
}

void BindBatch(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<Batch>(module, "Batch",
                    "Writes that become visible and durable together, or not at all, also over "
                    "several keyspaces. As a context manager it commits at the end, unless an "
                    "exception leaves the block.")
      .def("put", &Batch::Put, "key"_a.none(), "value"_a.none(), nb::kw_only(),
           "ttl"_a = nb::none(), "expires_at"_a = nb::none(), "keyspace"_a = nb::none(),
           "Adds a put; `ttl` counts from this call. `keyspace` is a Keyspace or its name.")
      .def(
          "__setitem__",
          [](Batch& self, nb::handle key, nb::handle value) {
            self.Put(key, value, nb::none(), nb::none(), nb::none());
          },
          "key"_a.none(), "value"_a.none())
      .def("delete", &Batch::Delete, "key"_a.none(), nb::kw_only(), "keyspace"_a = nb::none())
      .def(
          "__delitem__", [](Batch& self, nb::handle key) { self.Delete(key, nb::none()); },
          "key"_a.none())
      .def("delete_range", &Batch::DeleteRange, "start"_a.none(), "stop"_a.none(), nb::kw_only(),
           "keyspace"_a = nb::none())
      .def("merge", &Batch::Merge, "key"_a.none(), "operand"_a.none(), nb::kw_only(),
           "ttl"_a = nb::none(), "expires_at"_a = nb::none(), "keyspace"_a = nb::none())
      .def("clear", &Batch::Clear, "Forgets what was added.")
      .def("__len__", &Batch::count, "The number of operations.")
      .def("commit", &Batch::Commit,
           "Writes and empties the batch; returns the sequence number of its last operation.")
      .def("__enter__", [](nb::handle self) { return nb::borrow(self); })
      .def(
          "__exit__",
          [](Batch& self, nb::handle type, nb::handle, nb::handle) {
            if (type.is_none())
              self.Commit();
            else
              self.Clear();
          },
          "type"_a.none(), "exception"_a.none(), "traceback"_a.none())
      .def("__reduce_ex__", &RefusePickle);
}

}  // namespace quiver::python
