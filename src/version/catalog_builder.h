// CatalogBuilder: applies edits to a catalog and yields the next one.
//
// Within an edit keyspaces are recorded first and dropped last; what it says of tables is handed to
// the VersionBuilder of their keyspace. Keyspaces that no edit touches keep their version.
//
// Invariant: after a refused edit the builder is spoilt and must be dropped.
//
// Cost: O(keyspaces) and what VersionBuilder costs for those touched.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "quiver/error.h"
#include "version/catalog.h"
#include "version/version_builder.h"
#include "version/version_edit.h"

namespace quiver {

class CatalogBuilder {
 public:
  explicit CatalogBuilder(const Catalog& base);

  /// kInternal naming what does not fit.
  Result<void> Apply(const VersionEdit& edit);
  CatalogRef Build() &&;

 private:
  Result<void> Record(const VersionEdit::RecordedKeyspace& recorded);
  Result<void> Drop(std::uint32_t id);
  /// The builder of a keyspace's version; kInternal if there is no such keyspace.
  Result<VersionBuilder*> BuilderOf(std::uint32_t id);

  std::map<std::uint32_t, KeyspaceRecord> keyspaces_;
  std::map<std::uint32_t, VersionBuilder> builders_;
  std::uint32_t next_id_;
};

}  // namespace quiver
