// Writes of a Database or a Keyspace, for Python.
#include "writes.h"

#include "reads.h"

namespace quiver::python {

namespace {

constexpr std::size_t kPartBytes = std::size_t{1} << 20;
constexpr std::uint64_t kPairsBetweenSignals = 1024;

}  // namespace

void Put(const Target& target, nb::handle key, nb::handle value, const WriteArguments& arguments) {
  const WriteOptions options = arguments.options(target.keyspace);
  const BytesArgument key_bytes(key, "key");
  const BytesArgument value_bytes(value, "value");
  Unwrap(Unlocked(
      [&] { return target.open.database().Put(key_bytes.view(), value_bytes.view(), options); }));
}

void Delete(const Target& target, nb::handle key, const WriteArguments& arguments) {
  const WriteOptions options = arguments.options(target.keyspace);
  const BytesArgument bytes(key, "key");
  Unwrap(Unlocked([&] { return target.open.database().Delete(bytes.view(), options); }));
}

// Two steps, so a race between deleters is not seen.
void DeleteItem(const Target& target, nb::handle key) {
  if (!Contains({target.open, std::nullopt, target.keyspace}, key)) RaiseKeyError(key);
  Delete(target, key, {});
}

void DeleteRange(const Target& target, nb::handle start, nb::handle stop,
                 const WriteArguments& arguments) {
  const WriteOptions options = arguments.options(target.keyspace);
  const BytesArgument from(start, "start");
  const BytesArgument to(stop, "stop");
  Unwrap(Unlocked(
      [&] { return target.open.database().DeleteRange(from.view(), to.view(), options); }));
}

void Merge(const Target& target, nb::handle key, nb::handle operand,
           const WriteArguments& arguments) {
  const WriteOptions options = arguments.options(target.keyspace);
  const BytesArgument bytes(key, "key");
  const OperandArgument operand_bytes(target.open, target.keyspace, operand);
  Unwrap(Unlocked(
      [&] { return target.open.database().Merge(bytes.view(), operand_bytes.view(), options); }));
}

std::uint64_t PutMany(const Target& target, nb::handle items, bool atomic,
                      const WriteArguments& arguments) {
  WriteOptions options = arguments.options(target.keyspace);
  const EntryOptions entry = {.keyspace = options.keyspace, .expiry_us = options.expiry_us};
  options.keyspace = nullptr;
  options.expiry_us = 0;
  const nb::object pairs = nb::hasattr(items, "items") ? items.attr("items")() : nb::borrow(items);
  WriteBatch batch;
  std::uint64_t count = 0;
  const auto write = [&] {
    Unwrap(Unlocked([&] { return target.open.database().Write(batch, options); }));
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
    Unwrap(batch.Put(key_bytes.view(), value_bytes.view(), entry));
    // An iterator written in C runs no Python code between pairs, where Ctrl-C would else arrive.
    if (++count % kPairsBetweenSignals == 0 && PyErr_CheckSignals() != 0) throw nb::python_error();
    if (!atomic && batch.size_bytes() >= kPartBytes) write();
  }
  // Also when there is nothing to write: a closed or read-only database must say so.
  if (!batch.empty() || count == 0) write();
  return count;
}

void Compact(const Target& target, nb::handle start, nb::handle stop) {
  const std::optional<std::string> from = OptionalBytes(start, "start");
  const std::optional<std::string> to = OptionalBytes(stop, "stop");
  const Keyspace* keyspace = target.keyspace ? &*target.keyspace : nullptr;
  Unwrap(Unlocked([&] { return target.open.database().CompactRange(from, to, keyspace); }));
}

}  // namespace quiver::python
