// Transactions, for Python: a context manager that commits at its end.
//
// The engine wants one thread at a time in a transaction with all its iterators. A call that gives
// up the GIL therefore marks it busy, and whoever comes meanwhile gets ValueError. What a cursor of
// a serializable transaction reads ahead would count as read, so it reads no row ahead.
#include "transaction.h"

#include "keyspace.h"
#include "reads.h"

namespace quiver::python {

namespace {

class PyTransaction {
 public:
  PyTransaction(DatabaseRef open, Transaction transaction, Isolation isolation,
                const WriteOptions& options)
      : open_(std::move(open)),
        transaction_(std::move(transaction)),
        isolation_(isolation),
        options_(options) {}

  /// Runs an engine call without the GIL, and keeps others off meanwhile.
  template <typename Call>
  auto Busy(Call&& call) {
    CheckIdle();
    *busy_ = true;
    auto result = Unlocked(call);
    *busy_ = false;
    return result;
  }

  std::optional<std::string> Find(nb::handle key, nb::handle keyspace) {
    const BytesArgument bytes(key, "key");
    const std::optional<Keyspace> in = KeyspaceOf(keyspace);
    return Unwrap(Busy([&] { return transaction_.Get(bytes.view(), in ? &*in : nullptr); }));
  }
  nb::object Range(const RangeArguments& range, nb::handle keyspace, Show show) {
    IteratorOptions options = IteratorArguments(range);
    const std::optional<Keyspace> in = KeyspaceOf(keyspace);
    options.keyspace = in ? &*in : nullptr;
    Iterator iterator = Unwrap(Busy([&] { return transaction_.NewIterator(options); }));
    CursorOptions cursor{.show = show, .reverse = range.reverse, .busy = busy_};
    if (isolation_ == Isolation::kSerializable) cursor.chunk_rows_max = 1;
    return MakeCursor(open_, std::move(iterator), cursor);
  }

  void Put(nb::handle key, nb::handle value, nb::handle ttl, nb::handle expires_at,
           nb::handle keyspace) {
    const BytesArgument key_bytes(key, "key");
    const BytesArgument value_bytes(value, "value");
    const std::uint64_t expiry_us = ExpiryMicros(ttl, expires_at);
    const std::optional<Keyspace> in = KeyspaceOf(keyspace);
    CheckIdle();
    Unwrap(transaction_.Put(key_bytes.view(), value_bytes.view(), Options(in, expiry_us)));
  }
  void Delete(nb::handle key, nb::handle keyspace) {
    const BytesArgument bytes(key, "key");
    const std::optional<Keyspace> in = KeyspaceOf(keyspace);
    CheckIdle();
    Unwrap(transaction_.Delete(bytes.view(), Options(in, 0)));
  }
  void DeleteRange(nb::handle start, nb::handle stop, nb::handle keyspace) {
    const BytesArgument from(start, "start");
    const BytesArgument to(stop, "stop");
    const std::optional<Keyspace> in = KeyspaceOf(keyspace);
    CheckIdle();
    Unwrap(transaction_.DeleteRange(from.view(), to.view(), Options(in, 0)));
  }
  void Merge(nb::handle key, nb::handle operand, nb::handle ttl, nb::handle expires_at,
             nb::handle keyspace) {
    const BytesArgument bytes(key, "key");
    const std::uint64_t expiry_us = ExpiryMicros(ttl, expires_at);
    const std::optional<Keyspace> in = KeyspaceOf(keyspace);
    const OperandArgument operand_bytes(open_, in, operand);
    CheckIdle();
    Unwrap(transaction_.Merge(bytes.view(), operand_bytes.view(), Options(in, expiry_us)));
  }

  SequenceNumber Commit() {
    return Unwrap(Busy([&] { return transaction_.Commit(options_); }));
  }
  void Rollback() {
    CheckIdle();
    transaction_.Rollback();
  }
  bool active() const { return *busy_ || transaction_.active(); }
  SequenceNumber snapshot_sequence() const { return transaction_.snapshot_sequence(); }

 private:
  std::optional<Keyspace> KeyspaceOf(nb::handle argument) const {
    if (argument.is_none()) return std::nullopt;
    return KeyspaceArgument(open_, argument);
  }
  static EntryOptions Options(const std::optional<Keyspace>& keyspace, std::uint64_t expiry_us) {
    return {.keyspace = keyspace ? &*keyspace : nullptr, .expiry_us = expiry_us};
  }
  void CheckIdle() const {
    if (*busy_) RaiseType(PyExc_ValueError, "this transaction is in use by another thread");
  }

  DatabaseRef open_;
  Transaction transaction_;
  const Isolation isolation_;
  const WriteOptions options_;
  const std::shared_ptr<bool> busy_ = std::make_shared<bool>(false);
};

nb::object GetItem(PyTransaction& self, nb::handle key) {
  const std::optional<std::string> value = self.Find(key, nb::none());
  if (!value) RaiseKeyError(key);
  return ToBytes(*value);
}

// As a dict does: KeyError if the key is absent.
void DeleteItem(PyTransaction& self, nb::handle key) {
  if (!self.Find(key, nb::none())) RaiseKeyError(key);
  self.Delete(key, nb::none());
}

void BindReadsOf(nb::class_<PyTransaction>& type) {
  using namespace nb::literals;
  type.def(
          "get",
          [](PyTransaction& self, nb::handle key, nb::object fallback, nb::handle keyspace) {
            const std::optional<std::string> value = self.Find(key, keyspace);
            return value ? nb::object(ToBytes(*value)) : fallback;
          },
          "key"_a.none(), "default"_a = nb::none(), nb::kw_only(), "keyspace"_a = nb::none(),
          "The value of a key as the transaction sees it, or `default`.")
      .def("__getitem__", &GetItem, "key"_a.none())
      .def(
          "__contains__",
          [](PyTransaction& self, nb::handle key) {
            return self.Find(key, nb::none()).has_value();
          },
          "key"_a.none())
      .def("__iter__", [](PyTransaction& self) {
        return self.Range({nb::none(), nb::none(), nb::none(), false}, nb::none(), Show::kKeys);
      });
  const auto range = [&type](const char* name, Show show, const char* text) {
    type.def(
        name,
        [show](PyTransaction& self, nb::object start, nb::object stop, nb::object prefix,
               bool reverse, nb::handle keyspace) {
          return self.Range({std::move(start), std::move(stop), std::move(prefix), reverse},
                            keyspace, show);
        },
        "start"_a = nb::none(), "stop"_a = nb::none(), nb::kw_only(), "prefix"_a = nb::none(),
        "reverse"_a = false, "keyspace"_a = nb::none(), text);
  };
  range("items", Show::kItems, "Pairs of key and value in key order, with the writes until now.");
  range("keys", Show::kKeys, "Keys in order, with the writes until now.");
  range("values", Show::kValues, "Values in the order of their keys, with the writes until now.");
}

}  // namespace

nb::object MakeTransaction(const DatabaseRef& open, const std::string& isolation,
                           const WriteArguments& arguments) {
  const WriteOptions options = arguments.options(std::nullopt);
  if (isolation != "snapshot" && isolation != "serializable") {
    Raise(Error(ErrorCode::kInvalidArgument, "there is no isolation '" + EscapeBytes(isolation) +
                                                 "': there are snapshot and serializable"));
  }
  const Isolation level = isolation == "snapshot" ? Isolation::kSnapshot : Isolation::kSerializable;
  Transaction transaction =
      Unwrap(Unlocked([&] { return open.database().BeginTransaction({.isolation = level}); }));
  return nb::cast(new PyTransaction(open, std::move(transaction), level, options),
                  nb::rv_policy::take_ownership);
}

void BindTransaction(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<PyTransaction> type(
      module, "Transaction",
      "Reads and writes that happen at one moment, or not at all. As a context manager it commits "
      "at the end, unless an exception leaves the block. ConflictError: another writer came "
      "first, do all of it again (Database.retry).");
  type.def("put", &PyTransaction::Put, "key"_a.none(), "value"_a.none(), nb::kw_only(),
           "ttl"_a = nb::none(), "expires_at"_a = nb::none(), "keyspace"_a = nb::none())
      .def(
          "__setitem__",
          [](PyTransaction& self, nb::handle key, nb::handle value) {
            self.Put(key, value, nb::none(), nb::none(), nb::none());
          },
          "key"_a.none(), "value"_a.none())
      .def("delete", &PyTransaction::Delete, "key"_a.none(), nb::kw_only(),
           "keyspace"_a = nb::none())
      .def("__delitem__", &DeleteItem, "key"_a.none())
      .def("delete_range", &PyTransaction::DeleteRange, "start"_a.none(), "stop"_a.none(),
           nb::kw_only(), "keyspace"_a = nb::none())
      .def("merge", &PyTransaction::Merge, "key"_a.none(), "operand"_a.none(), nb::kw_only(),
           "ttl"_a = nb::none(), "expires_at"_a = nb::none(), "keyspace"_a = nb::none())
      .def("commit", &PyTransaction::Commit,
           "Makes the writes visible and durable; returns the sequence number of the last.")
      .def("rollback", &PyTransaction::Rollback, "Forgets the writes; the transaction is over.")
      .def_prop_ro("active", &PyTransaction::active, "Until a commit, a conflict or a rollback.")
      .def_prop_ro("snapshot_sequence", &PyTransaction::snapshot_sequence,
                   "The state that it reads.")
      .def("__enter__", [](nb::handle self) { return nb::borrow(self); })
      .def(
          "__exit__",
          [](PyTransaction& self, nb::handle exception_type, nb::handle, nb::handle) {
            if (!exception_type.is_none())
              self.Rollback();
            else if (self.active())
              self.Commit();
          },
          "type"_a.none(), "exception"_a.none(), "traceback"_a.none())
      .def("__reduce_ex__", &RefusePickle);
  BindReadsOf(type);
}

}  // namespace quiver::python
