// Checkpoints, backups and datasets, for Python.
#include "copies.h"

#include "progress.h"
#include "reports.h"

namespace quiver::python {

namespace {

nb::dict ListBackupsOf(nb::handle directory) {
  const std::string path = PathArgument(directory);
  return Report(Unwrap(Unlocked([&] { return ListBackups(path); })));
}

nb::dict VerifyBackupOf(nb::handle directory, std::optional<std::uint64_t> id,
                        nb::handle function) {
  const std::string path = PathArgument(directory);
  Progress progress(function);
  return Report(
      progress.Finish(Unlocked([&] { return VerifyBackup(path, id, progress.callback()); })));
}

nb::dict RestoreBackupOf(nb::handle directory, std::uint64_t id, nb::handle destination,
                         nb::handle function) {
  const std::string from = PathArgument(directory);
  const std::string to = PathArgument(destination);
  Progress progress(function);
  return Report(
      progress.Finish(Unlocked([&] { return RestoreBackup(from, id, to, progress.callback()); })));
}

}  // namespace

nb::dict Checkpoint(const View& view, nb::handle path, nb::handle function) {
  const std::string directory = PathArgument(path);
  Progress progress(function);
  return Report(progress.Finish(
      Unlocked([&] { return view.open.database().Checkpoint(directory, progress.callback()); })));
}

nb::dict Backup(const View& view, nb::handle directory, nb::handle function) {
  const std::string path = PathArgument(directory);
  Progress progress(function);
  return Report(progress.Finish(
      Unlocked([&] { return CreateBackup(view.open.database(), path, progress.callback()); })));
}

nb::dict ExportDataset(const View& view, nb::handle path, bool compact, nb::handle function) {
  const std::string directory = PathArgument(path);
  Progress progress(function);
  const DatasetOptions options = {.keyspace = view.keyspace ? &*view.keyspace : nullptr,
                                  .compact = compact,
                                  .progress = progress.callback()};
  return Report(progress.Finish(
      Unlocked([&] { return quiver::ExportDataset(view.open.database(), directory, options); })));
}

void BindBackups(nb::module_& module) {
  using namespace nb::literals;
  module.def("list_backups", &ListBackupsOf, "directory"_a.none(),
             "The backups of a directory, oldest first, and descriptions that are damaged.");
  module.def("verify_backup", &VerifyBackupOf, "directory"_a.none(), "id"_a = nb::none(),
             nb::kw_only(), "progress"_a = nb::none(),
             "Reads every file of a backup, or of all, and holds it against its checksum.");
  module.def("restore_backup", &RestoreBackupOf, "directory"_a.none(), "id"_a,
             "destination"_a.none(), nb::kw_only(), "progress"_a = nb::none(),
             "Makes a database of a backup in an absent or empty directory.");
  module.def(
      "delete_backup",
      [](nb::handle directory, std::uint64_t id) {
        const std::string path = PathArgument(directory);
        Unwrap(Unlocked([&] { return DeleteBackup(path, id); }));
      },
      "directory"_a.none(), "id"_a, "Removes a backup and what no other one needs.");
  module.def(
      "prune_backups",
      [](nb::handle directory, std::uint64_t keep) {
        const std::string path = PathArgument(directory);
        return Unwrap(Unlocked([&] { return PruneBackups(path, keep); }));
      },
      "directory"_a.none(), nb::kw_only(), "keep"_a,
      "Removes all but the newest `keep` backups; returns how many it removed.");
}

}  // namespace quiver::python
