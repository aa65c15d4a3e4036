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

inline constexpr std::size_t kKeyspaceNameBytesMax = 255;
inline constexpr std::size_t kKeyspaceSettingsBytesMax = std::size_t{64} << 10;

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

  /// A new keyspace, or new settings for one that is there under the same name.
  struct RecordedKeyspace {
    std::uint32_t id = 0;
    std::string name;
    std::string settings;  ///< TOML; what it means is the engine's business
    bool operator==(const RecordedKeyspace&) const = default;
  };
  struct KeyspaceSequence {
    std::uint32_t id = 0;
    SequenceNumber sequence = 0;
    bool operator==(const KeyspaceSequence&) const = default;
  };

  struct KeyspaceRangeDelete {
    std::uint32_t keyspace = 0;
    RangeDelete range;
    bool operator==(const KeyspaceRangeDelete&) const = default;
  };
  /// A table of the version that holds nothing that range deletes up to a sequence hide.
  struct CleanedTable {
    std::uint32_t keyspace = 0;
    FileNumber number = 0;
    SequenceNumber sequence = 0;
    bool operator==(const CleanedTable&) const = default;
  };

  std::vector<AddedTable> added;
  std::vector<RemovedTable> removed;
  std::vector<RecordedKeyspace> keyspaces;
  std::vector<std::uint32_t> dropped_keyspaces;  ///< with all their tables
  /// Everything at or below is in tables of this keyspace, beyond flushed_sequence.
  std::vector<KeyspaceSequence> keyspace_flushed;
  std::vector<KeyspaceRangeDelete> added_range_deletes;
  std::vector<KeyspaceRangeDelete> removed_range_deletes;
  std::vector<CleanedTable> cleaned;
  std::optional<std::uint64_t> first_log_segment;  ///< older segments are no longer needed
  std::optional<SequenceNumber> flushed_sequence;  ///< everything at or below is in tables
  std::optional<std::uint64_t> next_file_number;   ///< of tables, segments and manifests
  std::optional<RunNumber> next_run_number;
  std::optional<std::uint64_t> next_keyspace_id;  ///< ids are never used twice

  bool operator==(const VersionEdit&) const = default;

  /// docs/formats/manifest.md, "edit". Fields are tagged; an unknown tag is kUnsupported.
  std::string Encode() const;
  static Result<VersionEdit> Decode(std::string_view bytes);
};

}  // namespace quiver
