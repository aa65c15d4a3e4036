// quiver._engine: the extension module. The package around it is python/quiver/.
#include "progress.h"
#include "reports.h"

namespace quiver::python {

namespace {

nb::dict Verify(nb::handle path, nb::handle function) {
  const std::string directory = PathArgument(path);
  Progress progress(function);
  return Report(
      progress.Finish(Unlocked([&] { return VerifyDatabase(directory, progress.callback()); })));
}

nb::dict Repair(nb::handle source, nb::handle destination, nb::handle function) {
  const std::string from = PathArgument(source);
  const std::string to = PathArgument(destination);
  Progress progress(function);
  return Report(
      progress.Finish(Unlocked([&] { return RepairDatabase(from, to, progress.callback()); })));
}

}  // namespace

NB_MODULE(_engine, module) {
  using namespace nb::literals;
  // quiver.Database closes what is open at exit; objects that are then alive are not leaks.
  nb::set_leak_warnings(false);
  BindDatabase(module);
  BindKeyspace(module);
  BindSnapshot(module);
  BindScan(module);
  BindCursor(module);
  BindBatch(module);
  BindTransaction(module);
  BindFollower(module);
  BindBackups(module);
  module.def("verify", &Verify, "path"_a.none(), nb::kw_only(), "progress"_a = nb::none(),
             "Reads and checks every byte of a database that nobody has open; changes nothing.");
  module.def("repair", &Repair, "source"_a.none(), "destination"_a.none(), nb::kw_only(),
             "progress"_a = nb::none(),
             "Builds a new database from what can still be read in `source`.");
  module.def(
      "encode_int64", [](std::int64_t value) { return ToBytes(EncodeInt64(value)); }, "value"_a,
      "The eight bytes of a counter.");
  module.def(
      "decode_int64",
      [](nb::handle value) {
        const std::optional<std::int64_t> count =
            DecodeInt64(BytesArgument(value, "counter").view());
        if (!count) RaiseType(PyExc_ValueError, "a counter has eight bytes");
        return *count;
      },
      "value"_a.none(), "The counter that eight bytes are.");
  module.attr("version") = nb::str(VersionString().data(), VersionString().size());
}

}  // namespace quiver::python
