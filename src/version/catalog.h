// Catalog: all keyspaces of a database at one moment, each with its version. It never changes; an
// edit makes the next one.
//
// Invariants:
//  1. The keyspaces stand in ascending order of their ids; the first is the default one, 0, which
//     is always there and is called "default".
//  2. Ids are never used twice, so that what the log still says of a dropped keyspace can be told
//     from what it says of others.
//
// Thread safety: immutable; share by shared_ptr.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "version/version.h"

namespace quiver {

inline constexpr std::uint32_t kDefaultKeyspaceId = 0;
inline constexpr std::string_view kDefaultKeyspaceName = "default";

struct KeyspaceRecord {
  std::uint32_t id = kDefaultKeyspaceId;
  std::string name{kDefaultKeyspaceName};
  std::string settings;  ///< TOML; empty for the default keyspace, whose settings are CONFIG.toml
  /// Everything of this keyspace at or below is in its tables; so is what is at or below
  /// ManifestState::flushed_sequence, which speaks of all keyspaces.
  SequenceNumber flushed_sequence = 0;
  VersionRef version;
};

class Catalog {
 public:
  Catalog(std::vector<KeyspaceRecord> keyspaces, std::uint32_t next_id)
      : keyspaces_(std::move(keyspaces)), next_id_(next_id) {}

  const std::vector<KeyspaceRecord>& keyspaces() const noexcept { return keyspaces_; }
  /// nullptr if there is none.
  const KeyspaceRecord* Find(std::uint32_t id) const noexcept;
  const KeyspaceRecord* FindByName(std::string_view name) const noexcept;
  /// Above the id of every keyspace that there ever was.
  std::uint32_t next_id() const noexcept { return next_id_; }

  std::uint64_t size_bytes() const noexcept;
  /// Sequence that every table is at or below.
  SequenceNumber largest_sequence() const noexcept;
  /// kInternal naming the first broken invariant of a version.
  Result<void> Validate() const;

 private:
  std::vector<KeyspaceRecord> keyspaces_;
  std::uint32_t next_id_;
};
using CatalogRef = std::shared_ptr<const Catalog>;

/// A catalog of the default keyspace without tables.
CatalogRef NewEmptyCatalog();

}  // namespace quiver
