// FeatureCalls: the calls beside plain writes that the workloads on the simulated disk make:
// transactions, ingests, checkpoints, backups, restores, datasets. Each tells the oracle before it
// begins and after it has answered, and answers kInternal if the call's own answer is wrong.
//
// Thread safety: one thread at a time.
#pragma once

#include <filesystem>
#include <vector>

#include "crash_explorer/copies.h"
#include "crash_explorer/history.h"
#include "db/engine.h"
#include "io/memory_file_system.h"
#include "quiver/transaction.h"

namespace quiver::torture {

/// A transaction that has read the key of each row (a range delete's begin) and a range, and holds
/// the rows as its writes, in order.
Result<Transaction> Stage(const std::vector<HistoryRow>& rows, const History& history,
                          Engine& engine, Isolation isolation);

/// Whether the database takes writes still, without writing.
bool IsWritable(Engine& engine);

/// An Arrow file of the rows, durable, made on the disk itself.
Result<std::filesystem::path> WriteArrowFile(io::MemoryFileSystem& disk, std::uint64_t number,
                                             const std::vector<HistoryRow>& rows);
/// Ingests `file`, which has the rows of one keyspace; it must be the same bytes afterwards.
Result<void> IngestRows(Engine& engine, io::MemoryFileSystem& disk,
                        const std::filesystem::path& file, std::vector<HistoryRow> rows,
                        History& history);

/// Each makes one copy in an empty directory, or adds one to the backups.
Result<void> MakeCheckpoint(Engine& engine, const std::filesystem::path& path,
                            const History& history, Copies& copies);
Result<void> MakeDataset(Engine& engine, const std::filesystem::path& path, std::size_t keyspace,
                         bool compact, const History& history, Copies& copies);
Result<void> MakeBackup(Engine& engine, const History& history, Copies& copies);
/// A backup drawn from those that are finished; nothing if there is none.
Result<void> RestoreSome(io::FileSystem& files, const std::filesystem::path& path, Random& random,
                         Copies& copies);
/// Removes all finished backups but the newest `keep`, at least one.
Result<void> PruneTo(io::FileSystem& files, std::uint64_t keep, Copies& copies);
/// Takes finished copies in directories away, the oldest first, until `keep` are left.
void ForgetDirectories(io::MemoryFileSystem& disk, std::size_t keep, Copies& copies);

}  // namespace quiver::torture
