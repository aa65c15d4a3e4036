// VerifyDatabase: reads every byte of a database and says what is damaged, changing nothing.
#include <utility>

#include "base/try.h"
#include "db/opened_directory.h"
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
    for (const std::string& name : opened_.orphans) {
      report_.notes.push_back(name + " is a leftover; the next open for writing removes it");
    }
    const VersionRef version = opened_.versions->current();
    report_.files = 3;  // identity, CURRENT and configuration were read while opening
    CountFile(opened_.versions->manifest_bytes());
    if (const Result<void> valid = version->Validate(); !valid) {
      AddDamage(valid.error(), opened_.versions->manifest_name());
    }
    total_bytes_ = version->size_bytes();
    for (const Level& level : version->levels()) {
      for (const SortedRun& run : level.runs) {
        for (const TableFileRef& table : run.tables) VerifyTable(table->summary);
      }
    }
    QUIVER_TRY(VerifyLog());
    return std::move(report_);
  }

 private:
  void CountFile(std::uint64_t bytes) {
    ++report_.files;
    report_.bytes += bytes;
  }

  void AddDamage(const Error& error, const std::string& file) {
    report_.damages.push_back({error.file().empty() ? file : error.file(),
                               error.offset() == Error::kNoOffset ? 0 : error.offset(),
                               error.message()});
  }

  void VerifyTable(const TableSummary& summary) {
    const std::string name = TableName(summary.number);
    TableContext context;
    context.directory = opened_.directory.get();
    context.database_id = opened_.versions->database_id();
    CountFile(summary.size_bytes);
    const auto table = Table::Open(context, summary);
    if (!table) {
      AddDamage(table.error(), name);
    } else {
      for (const std::string& note : (*table)->notes()) report_.damages.push_back({name, 0, note});
      const auto entries = (*table)->VerifyAll([&](std::uint64_t offset, const std::string& what) {
        report_.damages.push_back({name, offset, what});
      });
      if (entries) {
        report_.entries += *entries;
      } else {
        AddDamage(entries.error(), name);
      }
    }
    if (progress_) progress_(report_.bytes, std::max(report_.bytes, total_bytes_));
  }

  Result<void> VerifyLog() {
    wal::RecoveryOptions options;
    options.directory = opened_.directory.get();
    options.database_id = opened_.versions->database_id();
    options.mode = WalRecoveryMode::kSkipAnyCorrupt;
    options.first_segment = opened_.versions->state().first_log_segment;
    options.flushed_sequence = 0;
    const auto log =
        wal::RecoverLog(options, [](const wal::RecoveredBatch&) -> Result<void> { return {}; });
    if (!log) {
      AddDamage(log.error(), "log");
      return {};
    }
    report_.files += log->segments;
    report_.bytes += log->bytes;
    report_.entries += log->entries;
    for (const std::string& loss : log->losses) report_.damages.push_back({"log", 0, loss});
    report_.notes.insert(report_.notes.end(), log->notes.begin(), log->notes.end());
    return {};
  }

  OpenedDirectory opened_;
  const ProgressCallback& progress_;
  VerifyReport report_;
  std::uint64_t total_bytes_ = 0;
};

}  // namespace

Result<VerifyReport> VerifyDatabase(const std::filesystem::path& directory,
                                    const ProgressCallback& progress) {
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
