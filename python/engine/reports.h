// Reports of the engine as dicts; python/quiver/_reports.py has their types.
//
// Thread safety: under the GIL (see common.h).
#pragma once

#include <vector>

#include "common.h"
#include "quiver/backup.h"
#include "quiver/dataset.h"

namespace quiver::python {

nb::list Strings(const std::vector<std::string>& texts);
nb::list Damages(const std::vector<Damage>& damages);

nb::dict Report(const RecoveryReport& report);
nb::dict Report(const VerifyReport& report);
nb::dict Report(const RepairReport& report);
nb::dict Report(const CheckpointReport& report);
nb::dict Report(const BackupInfo& backup);
nb::dict Report(const BackupList& list);
nb::dict Report(const BackupVerifyReport& report);
nb::dict Report(const DatasetReport& report);
nb::dict Report(const IngestReport& report);
nb::dict Report(const KeyspaceMetrics& metrics);

}  // namespace quiver::python
