// Checkpoint: a copy of an open database in a directory of its own. See Database::Checkpoint.
//
// Invariants:
//  1. CURRENT is the last name made, so a copy is whole or no database.
//  2. After an error the directory is as empty as it was, as far as the disk lets it. A crash while
//     it is emptied leaves the copy whole or no database, too.
//
// Thread safety: free functions, from any thread.
#pragma once

#include <filesystem>
#include <functional>

#include "db/copy_progress.h"
#include "db/engine.h"
#include "quiver/checkpoint.h"
#include "quiver/error.h"

namespace quiver {

/// Errors: kInvalidArgument (the directory is not empty), kClosed, kReadOnly and what Flush gives,
/// kNoSpace, kIo; of a follower kNotFound, if the writer has removed a table meanwhile.
Result<CheckpointReport> WriteCheckpoint(Engine& engine, const std::filesystem::path& path,
                                         const ProgressCallback& progress = {});

/// The directory, made if absent; kInvalidArgument if anything is in it.
Result<std::unique_ptr<io::Directory>> OpenEmptyDirectory(io::FileSystem& files,
                                                          const std::filesystem::path& path,
                                                          std::string_view purpose);
/// Links a table of the engine into `target`, or copies it; the name is not synced. Tells
/// `progress` of its bytes, if there is one.
Result<void> BringTable(Engine& engine, const TableSummary& table, io::Directory& target,
                        CheckpointReport& report, CopyProgress* progress = nullptr);
/// Takes a copy that failed away again; `last_made` is the file that says that it is whole, and
/// goes first. If that one cannot be removed for good the others stay with it, so a crash leaves
/// the copy whole or none at any time. Returns what the error shall say of it: nothing, or that
/// files stay.
std::string RemoveCopy(io::Directory& directory, std::string_view last_made);
/// The same in no order, for what nobody takes for a copy.
void RemoveEverything(io::Directory& directory);
/// Every table of every keyspace, with its keyspace.
void ForEachTable(const Catalog& catalog,
                  const std::function<void(const KeyspaceRecord&, const TableFileRef&)>& visit);

}  // namespace quiver
