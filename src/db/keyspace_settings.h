// What the settings of a keyspace are, from its record in the catalog, and the limits of its name.
//
// Thread safety: free functions.
#pragma once

#include <string_view>
#include <vector>

#include "quiver/config.h"
#include "quiver/error.h"
#include "sstable/table_format.h"
#include "version/catalog.h"

namespace quiver {

/// The configuration of the database with the keyspace's own settings over it.
Result<DatabaseConfig> KeyspaceConfigOf(const KeyspaceRecord& keyspace,
                                        const DatabaseConfig& database);

/// Every schema that a table of the database may have.
Result<std::vector<TableSchema>> SchemasOf(const Catalog& catalog, const DatabaseConfig& database);

/// kInvalidArgument unless `name` has 1 to 255 bytes of printable UTF-8 and is not reserved.
Result<void> CheckKeyspaceName(std::string_view name);

}  // namespace quiver
