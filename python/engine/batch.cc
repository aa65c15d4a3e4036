// Batches, for Python: a context manager that writes at its end, and put_many().
#include "batch.h"

namespace quiver::python {

namespace {

constexpr std::size_t kPartBytes = std::size_t{1} << 20;

class Batch {
 public:
  Batch(DatabaseRef open, const WriteOptions& options)
      : open_(std::move(open)), options_(options) {}

  void Put(nb::handle key, nb::handle value) {
    const BytesArgument key_bytes(key, "key");
    const BytesArgument value_bytes(value, "value");
    CheckIdle();
    Unwrap(batch_.Put(key_bytes.view(), value_bytes.view()));
  }
  void Delete(nb::handle key) {
    const BytesArgument bytes(key, "key");
    CheckIdle();
    Unwrap(batch_.Delete(bytes.view()));
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
  // The engine reads the batch while the GIL is given up: another thread must keep off.
  void CheckIdle() const {
    if (committing_) RaiseType(PyExc_ValueError, "this batch is being committed by another thread");
  }

  DatabaseRef open_;
  const WriteOptions options_;
  WriteBatch batch_;
  bool committing_ = false;
};

}  // namespace

WriteOptions WriteArguments(nb::handle wal_mode, bool fail_if_stalled) {
  WriteOptions options;
  options.fail_if_stalled = fail_if_stalled;
  if (!wal_mode.is_none()) {
    DatabaseConfig named;
    Unwrap(SetSetting(named, "wal_mode", nb::cast<std::string>(wal_mode)));
    options.wal_mode = named.wal_mode;
  }
  return options;
}

nb::object MakeBatch(DatabaseRef open, const WriteOptions& options) {
  return nb::cast(new Batch(std::move(open), options), nb::rv_policy::take_ownership);
}

std::uint64_t PutMany(const DatabaseRef& open, nb::handle items, bool atomic,
                      const WriteOptions& options) {
  const nb::object pairs = nb::hasattr(items, "items") ? items.attr("items")() : nb::borrow(items);
  WriteBatch batch;
  std::uint64_t count = 0;
  const auto write = [&] {
    Unwrap(Unlocked([&] { return open.database().Write(batch, options); }));
    batch.Clear();
  };
  for (const nb::handle pair : nb::iter(pairs)) {
    const nb::object sequence = nb::borrow(pair);
    if (nb::isinstance<nb::bytes>(pair) || nb::len(sequence) != 2) {
      RaiseType(PyExc_TypeError, "put_many takes a mapping, or pairs of key and value");
    }
    const nb::object key = sequence[0];
    const nb::object value = sequence[1];
    const BytesArgument key_bytes(key, "key");
    const BytesArgument value_bytes(value, "value");
    Unwrap(batch.Put(key_bytes.view(), value_bytes.view()));
    ++count;
    if (!atomic && batch.size_bytes() >= kPartBytes) write();
  }
  // Also when there is nothing to write: a closed or read-only database must say so.
  if (!batch.empty() || count == 0) write();
  return count;
}

void BindBatch(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<Batch>(module, "Batch",
                    "Writes that become visible and durable together, or not at all. As a context "
                    "manager it commits at the end, unless an exception leaves the block.")
      .def("put", &Batch::Put, "key"_a.none(), "value"_a.none())
      .def("__setitem__", &Batch::Put, "key"_a.none(), "value"_a.none())
      .def("delete", &Batch::Delete, "key"_a.none())
      .def("__delitem__", &Batch::Delete, "key"_a.none())
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
