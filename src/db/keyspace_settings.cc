#include "db/keyspace_settings.h"

#include <algorithm>
#include <string>

#include "base/escape.h"
#include "base/try.h"
#include "base/utf8.h"
#include "version/version_edit.h"

namespace quiver {

Result<DatabaseConfig> KeyspaceConfigOf(const KeyspaceRecord& keyspace,
                                        const DatabaseConfig& database) {
  if (keyspace.id == kDefaultKeyspaceId) return database;
  return ParseConfig(keyspace.settings, "settings of keyspace " + keyspace.name, database);
}

Result<std::vector<TableSchema>> SchemasOf(const Catalog& catalog, const DatabaseConfig& database) {
  std::vector<TableSchema> schemas;
  for (const KeyspaceRecord& keyspace : catalog.keyspaces()) {
    QUIVER_ASSIGN_OR_RETURN(const DatabaseConfig config, KeyspaceConfigOf(keyspace, database));
    schemas.push_back({config.key_width_bytes, config.value_width_bytes, false});
    schemas.push_back({config.key_width_bytes, config.value_width_bytes, true});
  }
  return schemas;
}

Result<void> CheckKeyspaceName(std::string_view name) {
  const auto refuse = [&](std::string_view why) {
    return Error(
        ErrorCode::kInvalidArgument,
        "\"" + EscapeBytes(name) + "\" cannot be the name of a keyspace: " + std::string(why));
  };
  if (name.empty()) return refuse("it is empty");
  if (name.size() > kKeyspaceNameBytesMax) {
    return refuse("it has " + std::to_string(name.size()) + " bytes, the most is " +
                  std::to_string(kKeyspaceNameBytesMax));
  }
  if (FindInvalidUtf8(name)) return refuse("it is not UTF-8");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(name, is_control)) return refuse("it has a control character");
  return {};
}

}  // namespace quiver
