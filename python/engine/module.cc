// quiver._engine: the extension module. The package around it is python/quiver/.
#include "common.h"

namespace quiver::python {

namespace {

nb::dict Verify(nb::handle path) {
  const std::string directory = PathArgument(path);
  const VerifyReport report = Unwrap(Unlocked([&] { return VerifyDatabase(directory); }));
  nb::list damages;
  for (const Damage& damage : report.damages) {
    nb::dict fields;
    fields["file"] = damage.file;
    fields["offset"] = damage.offset;
    fields["what"] = damage.what;
    damages.append(fields);
  }
  nb::list notes;
  for (const std::string& note : report.notes) notes.append(note);
  nb::dict fields;
  fields["files"] = report.files;
  fields["bytes"] = report.bytes;
  fields["entries"] = report.entries;
  fields["damages"] = damages;
  fields["notes"] = notes;
  return fields;
}

nb::dict Repair(nb::handle source, nb::handle destination) {
  const std::string from = PathArgument(source);
  const std::string to = PathArgument(destination);
  const RepairReport report = Unwrap(Unlocked([&] { return RepairDatabase(from, to); }));
  nb::list lost;
  for (const std::string& part : report.lost) lost.append(part);
  nb::dict fields;
  fields["entries_recovered"] = report.entries_recovered;
  fields["tables_read"] = report.tables_read;
  fields["segments_read"] = report.segments_read;
  fields["lost"] = lost;
  return fields;
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
  module.def("verify", &Verify, "path"_a.none(),
             "Reads and checks every byte of a database that nobody has open; changes nothing.");
  module.def("repair", &Repair, "source"_a.none(), "destination"_a.none(),
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
