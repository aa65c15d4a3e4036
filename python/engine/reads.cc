// Gets, and the Arrow stream of a range.
#include "reads.h"

#include <vector>

namespace quiver::python {

namespace {

std::optional<PinnedValue> Find(const View& view, nb::handle key) {
  const BytesArgument bytes(key, "key");
  const ReadOptions options = view.options();
  return Unwrap(Unlocked([&] { return view.open.database().Get(bytes.view(), options); }));
}

void DestroyStream(PyObject* capsule) {
  auto* stream =
      static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, "arrow_array_stream"));
  // A consumer that took the stream has set its release to null.
  if (stream->release != nullptr) stream->release(stream);
  delete stream;
}

nb::object MakeStream(const View& view, ArrowStreamOptions options) {
  options.keyspace = view.options().keyspace;
  options.snapshot = view.options().snapshot;
  auto stream = std::make_unique<ArrowArrayStream>();
  Unwrap(Unlocked([&] { return view.open.database().ExportArrowStream(options, stream.get()); }));
  PyObject* capsule = PyCapsule_New(stream.get(), "arrow_array_stream", &DestroyStream);
  if (capsule == nullptr) {
    stream->release(stream.get());
    throw nb::python_error();
  }
  (void)stream.release();
  return nb::steal(capsule);
}

// The options of a scan; its keyspace and snapshot are set when a stream is made.
ArrowStreamOptions StreamOptions(const ScanArguments& arguments) {
  ArrowStreamOptions options;
  options.lower_bound = OptionalBytes(arguments.start, "start");
  options.upper_bound = OptionalBytes(arguments.stop, "stop");
  options.prefix = OptionalBytes(arguments.prefix, "prefix").value_or(std::string());
  options.batch_rows = arguments.batch_rows;
  if (!arguments.columns.is_none()) {
    if (nb::isinstance<nb::str>(arguments.columns)) {
      RaiseType(PyExc_TypeError, "columns is a sequence of names, not one name");
    }
    options.with_key = options.with_value = false;
    for (const nb::handle column : nb::iter(arguments.columns)) {
      const std::string name = TextArgument(column, "the name of a column");
      if (name == "key")
        options.with_key = true;
      else if (name == "value")
        options.with_value = true;
      else if (name == "sequence")
        options.with_sequence = true;
      else
        RaiseType(PyExc_ValueError,
                  "there is no column '" + name + "': there are key, value and sequence");
    }
  }
  if (!arguments.limit.is_none()) {
    if (!nb::try_cast(arguments.limit, options.limit)) {
      RaiseType(PyExc_ValueError, "limit is a number of rows, 0 or more; None for all");
    }
    // The engine takes 0 for no limit; no key lies before the empty one.
    if (options.limit == 0) options.upper_bound = "";
  }
  return options;
}

// A range of one state, which gives a stream as often as it is asked.
struct Scan {
  DatabaseRef open;
  Snapshot snapshot;
  std::optional<Keyspace> keyspace;
  ArrowStreamOptions options;
  View view() const { return {open, snapshot, keyspace}; }
};

}  // namespace

nb::object Get(const View& view, nb::handle key, nb::object fallback) {
  const std::optional<PinnedValue> value = Find(view, key);
  return value ? nb::object(ToBytes(value->view())) : fallback;
}

nb::object GetItem(const View& view, nb::handle key) {
  const std::optional<PinnedValue> value = Find(view, key);
  if (value) return ToBytes(value->view());
  RaiseKeyError(key);
}

bool Contains(const View& view, nb::handle key) {
  return Find(view, key).has_value();
}

nb::object Expiry(const View& view, nb::handle key) {
  const BytesArgument bytes(key, "key");
  const ReadOptions options = view.options();
  const std::optional<std::uint64_t> expiry_us =
      Unwrap(Unlocked([&] { return view.open.database().GetExpiry(bytes.view(), options); }));
  if (!expiry_us) RaiseKeyError(key);
  if (*expiry_us == 0) return nb::none();
  return nb::module_::import_("quiver._time").attr("moment")(*expiry_us);
}

std::int64_t Counter(const View& view, nb::handle key) {
  const std::optional<PinnedValue> value = Find(view, key);
  if (!value) return 0;
  const std::optional<std::int64_t> count = DecodeInt64(value->view());
  if (count) return *count;
  Raise(Error(ErrorCode::kInvalidArgument, "the value of this key is no counter: it has " +
                                               std::to_string(value->size()) +
                                               " bytes, not 8; read it as bytes by get()"));
}

nb::list GetMany(const View& view, nb::handle keys) {
  std::vector<BytesArgument> arguments;
  for (const nb::handle key : nb::iter(keys)) arguments.emplace_back(key, "key");
  std::vector<std::string_view> views;
  views.reserve(arguments.size());
  for (const BytesArgument& argument : arguments) views.push_back(argument.view());
  const ReadOptions options = view.options();
  const auto values =
      Unwrap(Unlocked([&] { return view.open.database().MultiGet(views, options); }));
  nb::list list;
  for (const std::optional<PinnedValue>& value : values) {
    if (value)
      list.append(ToBytes(value->view()));
    else
      list.append(nb::none());
  }
  return list;
}

nb::object MakeScan(const View& view, const ScanArguments& arguments) {
  ArrowStreamOptions options = StreamOptions(arguments);
  // Each stream of a scan shows the same state.
  Snapshot snapshot = view.snapshot ? *view.snapshot : Unwrap(view.open.database().NewSnapshot());
  return nb::cast(new Scan{view.open, std::move(snapshot), view.keyspace, std::move(options)},
                  nb::rv_policy::take_ownership);
}

nb::object Stream(const View& view) {
  return MakeStream(view, {});
}

nb::object Sql(nb::handle self, nb::args arguments, nb::kwargs options) {
  return nb::module_::import_("quiver._sql").attr("query")(self, *arguments, **options);
}

void BindScan(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<Scan>(module, "Scan",
                   "A range of one state of a database, for everything that reads Arrow streams.")
      .def(
          "__arrow_c_stream__",
          [](const Scan& self, const nb::object&) { return MakeStream(self.view(), self.options); },
          "requested_schema"_a = nb::none(), "The rows as an Arrow stream (a PyCapsule).")
      .def("__reduce_ex__", &RefusePickle);
}

}  // namespace quiver::python
