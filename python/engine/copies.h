// Copies of a live database: checkpoints, backups, datasets; what a Database, a Keyspace and a
// Follower have in common.
//
// Thread safety: under the GIL (see common.h).
#pragma once

#include "reads.h"

namespace quiver::python {

nb::dict Checkpoint(const View& view, nb::handle path, nb::handle progress);
nb::dict Backup(const View& view, nb::handle directory, nb::handle progress);
/// Of the keyspace of the view.
nb::dict ExportDataset(const View& view, nb::handle path, bool compact, nb::handle progress);

/// Adds what copies a whole database to a class that has `View view() const`.
template <typename Class>
void BindCopies(nb::class_<Class>& type) {
  using namespace nb::literals;
  type.def(
          "checkpoint",
          [](const Class& self, nb::handle path, nb::handle progress) {
            return Checkpoint(self.view(), path, progress);
          },
          "path"_a.none(), nb::kw_only(), "progress"_a = nb::none(),
          "Makes a copy of the database in an absent or empty directory, by links where that can "
          "be: all keyspaces at one moment.")
      .def(
          "backup",
          [](const Class& self, nb::handle directory, nb::handle progress) {
            return Backup(self.view(), directory, progress);
          },
          "directory"_a.none(), nb::kw_only(), "progress"_a = nb::none(),
          "Adds a backup of this moment to a directory of backups; tables that an earlier one "
          "holds are not copied again.");
}

/// Adds export_dataset() to a class that has `View view() const` and can compact.
template <typename Class>
void BindDataset(nb::class_<Class>& type) {
  using namespace nb::literals;
  type.def(
      "export_dataset",
      [](const Class& self, nb::handle path, bool compact, nb::handle progress) {
        return ExportDataset(self.view(), path, compact, progress);
      },
      "path"_a.none(), nb::kw_only(), "compact"_a = true, "progress"_a = nb::none(),
      "Puts the tables of this moment into an absent or empty directory, for readers of Arrow IPC "
      "files; compacted first, so that each key stands in one row.");
}

/// As BindDataset(), of what is open for reading alone.
template <typename Class>
void BindDatasetAsItIs(nb::class_<Class>& type) {
  using namespace nb::literals;
  type.def(
      "export_dataset",
      [](const Class& self, nb::handle path, nb::handle progress) {
        return ExportDataset(self.view(), path, /*compact=*/false, progress);
      },
      "path"_a.none(), nb::kw_only(), "progress"_a = nb::none(),
      "Puts the tables of this state, as they are, into an absent or empty directory, for readers "
      "of Arrow IPC files; the report says which rows they have to leave out.");
}

}  // namespace quiver::python
