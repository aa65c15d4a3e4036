#include "db/orphan_files.h"

#include "base/try.h"
#include "sstable/table_owner.h"

namespace quiver {

Result<bool> IsProvablyOurs(io::Directory& directory, const VersionSet& versions,
                            const TableSchema& schema, const std::string& name) {
  const ParsedName parsed = ParseFileName(name);
  if (parsed.kind == FileKind::kTemporary) return true;  // no other name has this spelling
  if (parsed.number >= versions.handed_out_end()) return false;
  const Result<DatabaseId> owner = parsed.kind == FileKind::kTable
                                       ? ReadTableOwner(directory, parsed.number)
                                       : ReadManifestOwner(directory, name);
  if (owner) return *owner == versions.database_id();
  if (owner.error().code() != ErrorCode::kCorruption) return owner.error();
  return parsed.kind == FileKind::kTable ? BeginsAsUnfinishedTable(directory, parsed.number, schema)
                                         : BeginsAsUnfinishedManifest(directory, name);
}

}  // namespace quiver
