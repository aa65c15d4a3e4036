// VerifyDatabase: reads every byte of a database and says what is damaged, changing nothing.
#include <algorithm>
#include <utility>

#include "base/callback_guard.h"
#include "base/try.h"
#include "db/keyspace_settings.h"
#include "db/opened_directory.h"
#include "db/orphan_files.h"
#include "io/posix_error.h"
#include "quiver/admin.h"
#include "sstable/table.h"
#include "wal/wal_recovery.h"

namespace quiver {

namespace {

class Verifier {
 public:
  Verifier(OpenedDirectory opened, const ProgressCallback& progress)
      : opened_(std::move(opened)), progress_(progress) {}

  Result<VerifyReport> Run() {
    report_.notes = opened_.report.notes;
    for (const std::string& name : opened_.report.foreign_files) {
      report_.notes.push_back(name + " is not a file of this database; it was left alone");
    }
    const CatalogRef catalog = opened_.versions->catalog();
    QUIVER_ASSIGN_OR_RETURN(const std::vector<TableSchema> schemas,
                            SchemasOf(*catalog, opened_.config));
    for (const std::string& name : opened_.orphans) {
      const Result<bool> ours =
          IsProvablyOurs(*opened_.directory, *opened_.versions, schemas, name);
      if (!ours && io::IsRefusedToProcess(ours.error())) return ours.error();
      report_.notes.push_back(
          name + (ours && *ours ? " is a leftover; the next open for writing removes it"
                                : " is not provably a file of this database; it is left alone"));
    }
    QUIVER_TRY(CountFiles());
    if (const Result<void> valid = catalog->Validate(); !valid) {
      QUIVER_TRY(AddDamage(valid.error(), opened_.versions->manifest_name()));
    }
    done_bytes_ = report_.bytes - catalog->size_bytes();
    for (const KeyspaceRecord& keyspace : catalog->keyspaces()) {
      report_.keyspaces.push_back(Summarize(keyspace));
      QUIVER_TRY(VerifyTables(*keyspace.version));
    }
    QUIVER_TRY(VerifyLog());
    return std::move(report_);
  }

 private:
  static KeyspaceSummary Summarize(const KeyspaceRecord& keyspace) {
    const Version& version = *keyspace.version;
    KeyspaceSummary summary{.id = keyspace.id,
                            .name = keyspace.name,
                            .tables = version.table_count(),
                            .bytes = version.size_bytes(),
                            .entries = version.entry_count()};
    for (const Level& level : version.levels()) {
      for (const SortedRun& run : level.runs) {
        for (const TableFileRef& table : run.tables) {
          summary.expiring_tables += table->summary.expiry_us_max != 0 ? 1 : 0;
        }
      }
    }
    if (version.range_deletes() != nullptr) summary.range_deletes = version.range_deletes()->size();
    return summary;
  }

  // Every file that belongs to the database as it is now; LOCK, which holds nothing to verify, too.
  Result<void> CountFiles() {
    QUIVER_ASSIGN_OR_RETURN(const auto entries, opened_.directory->List());
    for (const io::DirectoryEntry& entry : entries) {
      const ParsedName parsed = ParseFileName(entry.name);
      const bool obsolete = parsed.kind == FileKind::kLogSegment &&
                            parsed.number < opened_.versions->state().first_log_segment;
      if (!entry.regular || parsed.kind == FileKind::kForeign || obsolete) continue;
      if (std::ranges::count(opened_.orphans, entry.name) != 0) continue;
      ++report_.files;
      report_.bytes += entry.size_bytes;
    }
    return {};
  }

  // What was refused to this process says nothing of the file.
  Result<void> AddDamage(const Error& error, const std::string& file) {
    if (io::IsRefusedToProcess(error)) return error;
    report_.damages.push_back({error.file().empty() ? file : error.file(),
                               error.offset() == Error::kNoOffset ? 0 : error.offset(),
                               error.message()});
    return {};
  }

  Result<void> VerifyTables(const Version& version) {
    for (const Level& level : version.levels()) {
      for (const SortedRun& run : level.runs) {
        for (const TableFileRef& table : run.tables) {
          QUIVER_TRY(VerifyTable(table->summary));
          QUIVER_TRY(guard_.status());
        }
      }
    }
    return {};
  }

  Result<void> VerifyTable(const TableSummary& summary) {
    const std::string name = TableName(summary.number);
    TableContext context;
    context.directory = opened_.directory.get();
    context.database_id = opened_.versions->database_id();
    const auto table = Table::Open(context, summary);
    if (!table) {
      QUIVER_TRY(AddDamage(table.error(), name));
    } else {
      const auto entries = (*table)->VerifyAll([&](std::uint64_t offset, const std::string& what) {
        report_.damages.push_back({name, offset, what});
      });
      if (entries) {
        report_.entries += *entries;
      } else {
        QUIVER_TRY(AddDamage(entries.error(), name));
      }
    }
    done_bytes_ += summary.size_bytes;
    if (!progress_) return {};
    guard_.Call([&] {
      progress_(done_bytes_, report_.bytes);
      return true;
    });
    return {};
  }

  Result<wal::RecoveryResult> ReadLog(WalRecoveryMode mode) {
    wal::RecoveryOptions options;
    options.directory = opened_.directory.get();
    options.database_id = opened_.versions->database_id();
    options.mode = mode;
    options.first_segment = opened_.versions->state().first_log_segment;
    options.flushed_sequence = opened_.versions->state().flushed_sequence;
    options.segment_number_end = opened_.versions->handed_out_end();
    return wal::RecoverLog(options, [](const wal::RecoveredBatch&) -> Result<void> { return {}; });
  }

  // Judged as the next open judges it, in the default mode; only where that refuses is the log read
  // in the salvage mode, to say how much it would give up.
  Result<void> VerifyLog() {
    const auto log = ReadLog(WalRecoveryMode::kPointInTime);
    if (log) {
      report_.entries += log->entries;
      for (const std::string& note : log->notes) {
        report_.notes.push_back("the next open for writing finds: " + note);
      }
      return {};
    }
    QUIVER_TRY(AddDamage(log.error(), "log"));
    const auto salvaged = ReadLog(WalRecoveryMode::kSkipAnyCorrupt);
    if (!salvaged)
      return io::IsRefusedToProcess(salvaged.error()) ? salvaged.error() : Result<void>();
    report_.entries += salvaged->entries;
    for (const std::string& loss : salvaged->losses) {
      report_.notes.push_back("skip_any_corrupt and repair would go on without " + loss);
    }
    return {};
  }

  OpenedDirectory opened_;
  const ProgressCallback& progress_;
  CallbackGuard guard_;
  VerifyReport report_;
  std::uint64_t done_bytes_ = 0;
};

}  // namespace

Result<VerifyReport> VerifyDatabase(const std::filesystem::path& directory,
                                    const ProgressCallback& progress) noexcept {
  auto opened = OpenDirectory(io::SystemEnvironment(), directory, {}, OpenMode::kReadOnly);
  if (!opened) {
    if (opened.error().code() != ErrorCode::kCorruption) return Error(opened.error());
    // The database cannot be opened at all: that is one damage, and the report says so.
    VerifyReport report;
    const Error& error = opened.error();
    report.damages.push_back(
        {error.file(), error.offset() == Error::kNoOffset ? 0 : error.offset(), error.message()});
    return report;
  }
  return Verifier(std::move(*opened), progress).Run();
}

}  // namespace quiver
