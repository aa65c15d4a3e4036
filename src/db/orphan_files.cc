#include "db/orphan_files.h"

#include "base/try.h"
#include "sstable/table_owner.h"

namespace quiver {

Result<bool> IsProvablyOurs(io::Directory& directory, const VersionSet& versions,
                            std::span<const TableSchema> schemas, const std::string& name) {
  const ParsedName parsed = ParseFileName(name);
  if (parsed.kind == FileKind::kTemporary) return true;  // no other name has this spelling
  if (parsed.number >= versions.handed_out_end()) return false;
  const Result<DatabaseId> owner = parsed.kind == FileKind::kTable
                                       ? ReadTableOwner(directory, parsed.number)
                                       : ReadManifestOwner(directory, name);
  if (owner) return *owner == versions.database_id();
  if (owner.error().code() != ErrorCode::kCorruption) return owner.error();
  if (parsed.kind != FileKind::kTable) return BeginsAsUnfinishedManifest(directory, name);
  for (const TableSchema& schema : schemas) {
    QUIVER_ASSIGN_OR_RETURN(const bool begins,
                            BeginsAsUnfinishedTable(directory, parsed.number, schema));
    if (begins) return true;
  }
  return false;
}

}  // namespace quiver
