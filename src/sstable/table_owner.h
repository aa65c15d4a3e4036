// ReadTableOwner: which database a table file belongs to, by its own trailer. For files whose
// database is not known: orphans, repair, inspection.
//
// Thread safety: a free function.
#pragma once

#include "base/identity.h"
#include "io/directory.h"
#include "quiver/error.h"
#include "sstable/table_format.h"

namespace quiver {

/// The database id in the trailer of table `number`. kCorruption if there is no whole trailer, for
/// example because the file was never finished.
Result<DatabaseId> ReadTableOwner(io::Directory& directory, FileNumber number);

/// Whether table `number` is as a table of `schema` is before it is finished: its first bytes are
/// the head of such a table as far as the file goes, or zeros, which a crash may leave of them.
Result<bool> BeginsAsUnfinishedTable(io::Directory& directory, FileNumber number,
                                     const TableSchema& schema);

}  // namespace quiver
