// VersionEdit: one change of the set of tables, as the manifest records it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/error.h"
#include "sstable/table_format.h"
#include "version/version.h"

namespace quiver {

struct VersionEdit {
  struct AddedTable {
    std::uint32_t keyspace = 0;
    std::uint32_t level = 0;
    RunNumber run = 0;
    TableSummary summary;
    bool operator==(const AddedTable&) const = default;
  };
  struct RemovedTable {
    std::uint32_t keyspace = 0;
    std::uint32_t level = 0;
    RunNumber run = 0;
    FileNumber number = 0;
    bool operator==(const RemovedTable&) const = default;
  };

  std::vector<AddedTable> added;
  std::vector<RemovedTable> removed;
  std::optional<std::uint64_t> first_log_segment;  ///< older segments are no longer needed
  std::optional<SequenceNumber> flushed_sequence;  ///< everything at or below is in tables
  std::optional<std::uint64_t> next_file_number;   ///< of tables, segments and manifests
  std::optional<RunNumber> next_run_number;

  bool operator==(const VersionEdit&) const = default;

  /// docs/formats/manifest.md, "edit". Fields are tagged; an unknown tag is kUnsupported.
  std::string Encode() const;
  static Result<VersionEdit> Decode(std::string_view bytes);
};

}  // namespace quiver
