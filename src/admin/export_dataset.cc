// ExportDataset: compacts, pins, links, and reads every row once.
#include "admin/export_dataset.h"

#include <map>

#include "base/escape.h"
#include "base/try.h"
#include "db/checkpoint.h"
#include "db/database_access.h"
#include "sstable/table.h"

namespace quiver {

namespace {

constexpr std::string_view kReadmeName = "_README.txt";
/// So often is compacted anew when a writer puts something beside the compacted tables meanwhile.
constexpr int kCompactionsMax = 3;
constexpr std::uint64_t kRowsBetweenProgress = 65'536;

const PinnedKeyspace* FindKeyspace(const PinnedState& pinned, std::uint32_t id) {
  for (const PinnedKeyspace& keyspace : pinned.keyspaces) {
    if (keyspace.record.id == id) return &keyspace;
  }
  return nullptr;
}

bool IsOneRun(const PinnedKeyspace& keyspace) {
  return keyspace.memtables.empty() && keyspace.record.version->run_count() <= 1;
}

class DatasetMaker {
 public:
  DatasetMaker(Engine& engine, io::Directory& target, const DatasetOptions& options)
      : engine_(engine), target_(target), options_(options) {}

  Result<DatasetReport> Run() {
    QUIVER_ASSIGN_OR_RETURN(const PinnedTables tables, PinTables());
    report_.files = tables.catalog->keyspaces().front().version->table_count();
    ForEachTable(*tables.catalog, [&](const KeyspaceRecord&, const TableFileRef& table) {
      report_.bytes += table->summary.size_bytes;
    });
    CopyProgress progress(options_.progress, report_.bytes);
    CheckpointReport brought;
    Result<void> result;
    ForEachTable(*tables.catalog, [&](const KeyspaceRecord&, const TableFileRef& table) {
      if (!result) return;
      if (!tables.written.contains(table->summary.number)) {
        result = BringTable(engine_, table->summary, target_, brought);
      }
      if (result) result = ReadRows(table->summary, progress);
    });
    QUIVER_TRY(result);
    report_.linked_files = brought.tables_linked;
    Judge(*tables.catalog->keyspaces().front().version);
    // The names of the tables before that of the description, which says that they are there.
    QUIVER_TRY(target_.Sync());
    QUIVER_TRY(io::ReplaceFileDurably(target_, kReadmeName, Readme()));
    return std::move(report_);
  }

 private:
  // The one keyspace, in one run if that can be had.
  Result<PinnedTables> PinTables() {
    QUIVER_ASSIGN_OR_RETURN(const KeyspaceState* const keyspace,
                            engine_.Resolve(options_.keyspace));
    name_ = keyspace->name;
    PinnedState pinned;
    for (int compactions = 1;; ++compactions) {
      if (options_.compact) QUIVER_TRY(engine_.CompactRange({}, {}, options_.keyspace));
      QUIVER_ASSIGN_OR_RETURN(pinned, engine_.PinState());
      const PinnedKeyspace* const found = FindKeyspace(pinned, keyspace->id);
      if (found == nullptr) {
        return Error(ErrorCode::kNotFound, "the keyspace " + name_ + " was dropped");
      }
      if (!options_.compact || compactions == kCompactionsMax || IsOneRun(*found)) break;
    }
    std::erase_if(pinned.keyspaces,
                  [&](const PinnedKeyspace& each) { return each.record.id != keyspace->id; });
    report_.sequence = pinned.sequence;
    return engine_.WritePinnedMemtables(pinned, target_);
  }

  Result<void> ReadRows(const TableSummary& summary, CopyProgress& progress) {
    TableContext context;
    context.directory = &target_;
    context.database_id = engine_.versions().database_id();
    QUIVER_ASSIGN_OR_RETURN(const auto table, Table::Open(context, summary));
    first_keys_[summary.smallest_key].push_back(TableName(summary.number));
    const auto rows = table->NewIterator({.fill_cache = false});
    std::string last_key;
    bool first = true;
    std::uint64_t table_rows = 0;
    std::uint64_t told_bytes = 0;
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      const EntryView& entry = rows->entry();
      ++report_.rows;
      superseded_ += static_cast<std::uint64_t>(!first && entry.key == last_key);
      deletes_ += static_cast<std::uint64_t>(entry.operation == Operation::kDelete);
      merges_ += static_cast<std::uint64_t>(entry.operation == Operation::kMerge);
      expiring_ += static_cast<std::uint64_t>(entry.expiry_us != 0);
      last_key.assign(entry.key);
      first = false;
      ++table_rows;
      if (table_rows % kRowsBetweenProgress == 0 && table_rows < summary.entry_count) {
        // As if each row of the table took equally many of its bytes.
        const auto read_bytes = static_cast<std::uint64_t>(
            static_cast<double>(summary.size_bytes) * static_cast<double>(table_rows) /
            static_cast<double>(summary.entry_count));
        QUIVER_TRY(progress.Advance(read_bytes - told_bytes));
        told_bytes = read_bytes;
      }
    }
    QUIVER_TRY(rows->status());
    return progress.Advance(summary.size_bytes - told_bytes);
  }

  void Note(std::uint64_t count, const std::string& what) {
    if (count != 0) report_.notes.push_back(std::to_string(count) + what);
  }
  void Judge(const Version& version) {
    if (version.run_count() > 1) {
      Note(version.run_count(),
           " runs lie above each other: of the rows of a key the one with the highest sequence "
           "counts");
    }
    Note(superseded_,
         " rows are older versions, kept for a snapshot that is held: of the rows of a key the one "
         "with the highest sequence counts");
    Note(deletes_, " rows are deletes: leave out rows whose operation is not 0");
    Note(merges_,
         " rows are operands of merges (operation 2): only the database can make values of them");
    Note(expiring_,
         " rows expire: leave out those whose expiry (microseconds since 1970, 0 or null: never) "
         "has passed");
    const RangeDeletesRef& ranges = version.range_deletes();
    Note(ranges == nullptr ? 0 : ranges->size(),
         " range deletes may hide rows: they stand in the database alone");
    report_.exact = report_.notes.empty();
  }

  std::string Readme() const {
    std::string text = "The tables of keyspace \"" + EscapeBytes(name_) +
                       "\" of a Quiver database, as Arrow IPC files.\n\n";
    text += "They hold what was written up to sequence " + std::to_string(report_.sequence) + ": " +
            std::to_string(report_.rows) + " rows in " + std::to_string(report_.files) +
            " files.\n";
    if (report_.exact) {
      text += "Each key stands in one row, and each row is a live one.\n";
    } else {
      text += "The rows are not the live keys alone:\n";
      for (const std::string& note : report_.notes) text += "  - " + note + "\n";
    }
    text +=
        "\nColumns: key, value (binary or fixed_size_binary), sequence (the order of all writes), "
        "operation\n(0 put, 1 delete), and where entries expire, expiry. Rows of a file stand in "
        "order of their keys.\n\n"
        "  pyarrow   pyarrow.dataset.dataset(\"THIS DIRECTORY\", format=\"ipc\").to_table()\n"
        "  Polars    polars.scan_ipc(\"THIS DIRECTORY/*.arrow\").collect()\n\n"
        "Do not change the files: where they are links, the database has no others.\n\n"
        "Files in order of their first keys:\n";
    for (const auto& [key, names] : first_keys_) {
      for (const std::string& name : names) text += "  " + name + "  " + EscapeBytes(key) + "\n";
    }
    return text;
  }

  Engine& engine_;
  io::Directory& target_;
  const DatasetOptions& options_;
  std::string name_;
  DatasetReport report_;
  std::uint64_t superseded_ = 0;
  std::uint64_t deletes_ = 0;
  std::uint64_t merges_ = 0;
  std::uint64_t expiring_ = 0;
  std::map<std::string, std::vector<std::string>> first_keys_;
};

}  // namespace

Result<DatasetReport> ExportDatasetOf(Engine& engine, const std::filesystem::path& directory,
                                      const DatasetOptions& options) {
  QUIVER_ASSIGN_OR_RETURN(
      const std::unique_ptr<io::Directory> target,
      OpenEmptyDirectory(*engine.environment().file_system, directory, "a dataset"));
  auto report = DatasetMaker(engine, *target, options).Run();
  if (!report) {
    return report.error().WithContext("the dataset in " + directory.string() + " was not made" +
                                      RemoveCopy(*target, kReadmeName));
  }
  return report;
}

Result<DatasetReport> ExportDataset(Database& database, const std::filesystem::path& directory,
                                    const DatasetOptions& options) noexcept {
  return ExportDatasetOf(*DatabaseAccess::EngineOf(database), directory, options);
}

}  // namespace quiver
