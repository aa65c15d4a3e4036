// What ExportDataset does, for an engine on any file system. See quiver/dataset.h.
//
// Thread safety: a free function, from any thread.
#pragma once

#include <filesystem>

#include "db/engine.h"
#include "quiver/dataset.h"
#include "quiver/error.h"

namespace quiver {

Result<DatasetReport> ExportDatasetOf(Engine& engine, const std::filesystem::path& directory,
                                      const DatasetOptions& options);

}  // namespace quiver
