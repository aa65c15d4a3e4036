// load and dump: JSON lines, and Arrow IPC files with key and value columns.
#include <chrono>
#include <cstdio>
#include <limits>
#include <memory>

#include "bytes_text.h"
#include "exit_code.h"
#include "input.h"
#include "keyspace_flag.h"
#include "output.h"
#include "progress.h"
#include "quiver/admin.h"
#include "row_range.h"
#include "session.h"

namespace quiver::cli {

namespace {

constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr std::uint64_t kAllRows = std::numeric_limits<std::uint64_t>::max();

struct TransferOptions {
  std::string directory;
  std::string file;
  std::string keyspace;
  std::uint64_t time_to_live_ms = 0;
  bool expiry = false;
};

/// Collects rows into batches and writes them; shows progress.
class Loader {
 public:
  Loader(Database& database, const EntryOptions& entries)
      : database_(database), entries_(entries), progress_("loading", "rows") {}

  /// A row that says itself when it expires keeps that moment.
  Result<void> Add(std::string_view key, std::string_view value, std::uint64_t expiry_us = 0) {
    EntryOptions entry = entries_;
    if (expiry_us != 0) entry.expiry_us = expiry_us;
    if (const auto put = batch_.Put(key, value, entry); !put) return put;
    ++rows_;
    progress_.Update(rows_);
    return batch_.size_bytes() < kBatchBytes ? Result<void>() : WriteBatchNow();
  }
  Result<void> Finish() {
    if (const auto written = WriteBatchNow(); !written) return written;
    return database_.Close();
  }
  /// Rows that the database acknowledged.
  std::uint64_t rows_written() const { return rows_written_; }

 private:
  Result<void> WriteBatchNow() {
    const std::uint64_t count = batch_.count();
    const auto written = database_.Write(batch_);
    batch_.Clear();
    if (!written) return written.error();
    rows_written_ += count;
    return {};
  }

  Database& database_;
  const EntryOptions entries_;
  Progress progress_;
  WriteBatch batch_;
  std::uint64_t rows_ = 0;
  std::uint64_t rows_written_ = 0;
};

Result<void> LoadJsonLines(Input& input, Loader& loader) {
  std::string line;
  for (std::uint64_t number = 1;; ++number) {
    const auto more = input.ReadLine(line);
    if (!more) return more.error();
    if (!*more) return {};
    if (line.empty()) continue;
    const auto row = ParseJsonRow(line);
    const Result<void> added =
        row ? loader.Add(row->key, row->value, row->expiry_us) : Result<void>(row.error());
    if (!added) return added.error().WithContext(input.name() + ", line " + std::to_string(number));
  }
}

Result<void> LoadArrow(const std::string& file, Loader& loader) {
  Result<void> stopped;
  const auto rows = ReadArrowFile(file, [&](std::string_view key, std::string_view value) {
    stopped = loader.Add(key, value);
    return stopped.ok();
  });
  if (!stopped) return stopped;
  if (!rows) return rows.error();
  return {};
}

// All rows of a load expire at one moment: so long after its beginning.
std::uint64_t ExpiryAfter(std::uint64_t time_to_live_ms) {
  if (time_to_live_ms == 0) return 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
             std::chrono::duration_cast<std::chrono::microseconds>(now).count()) +
         time_to_live_ms * 1000;
}

int RunLoad(const Session& session, const TransferOptions& options) {
  auto input = Input::Open(options.file);
  if (!input) return Fail(input.error());
  auto database = session.OpenForWriting(options.directory, options.keyspace.empty());
  if (!database) return Fail(database.error());
  const auto keyspace = ChosenKeyspace::Find(**database, options.keyspace);
  if (!keyspace) return Fail(keyspace.error());
  Result<void> done;
  std::uint64_t rows = 0;
  {
    Loader loader(**database,
                  {.keyspace = keyspace->get(), .expiry_us = ExpiryAfter(options.time_to_live_ms)});
    // By its first bytes, not by its name.
    const bool arrow = options.file != "-" && input->head().starts_with("ARROW1");
    done = arrow ? LoadArrow(options.file, loader) : LoadJsonLines(*input, loader);
    // What came before a bad row stays: the message says which row to go on from.
    const Result<void> finished = loader.Finish();
    if (done.ok()) done = finished;
    rows = loader.rows_written();
  }
  std::fprintf(stderr, "%llu rows loaded\n", static_cast<unsigned long long>(rows));
  return done ? kDone : Fail(done.error());
}

Result<std::uint64_t> DumpText(RowReader& rows) {
  return rows.ForEach("dumping", kAllRows, [](const Row& row) -> Result<bool> {
    return Print(FormatRow(row.key, row.value, Format::kJson, row.expiry_us) + "\n");
  });
}

Result<std::uint64_t> DumpArrow(RowReader& rows, const TransferOptions& options) {
  auto arrow = ArrowFileWriter::Create(options.file, {.with_expiry = options.expiry});
  if (!arrow) return arrow.error();
  auto count = rows.ForEach("dumping", kAllRows, [&](const Row& row) -> Result<bool> {
    const auto added = (*arrow)->Add(row.key, row.value, row.expiry_us);
    return added ? Result<bool>(true) : Result<bool>(added.error());
  });
  if (!count) return count;
  if (const auto finished = (*arrow)->Finish(); !finished) return finished.error();
  return count;
}

int RunDump(const TransferOptions& options) {
  auto database = OpenForReading(options.directory);
  if (!database) return Fail(database.error());
  const auto keyspace = ChosenKeyspace::Find(**database, options.keyspace);
  if (!keyspace) return Fail(keyspace.error());
  IteratorOptions all;
  all.keyspace = keyspace->get();
  all.fill_cache = false;
  auto rows = RowReader::Open(**database, all, options.expiry);
  if (!rows) return Fail(rows.error());
  const auto count = options.file.empty() ? DumpText(*rows) : DumpArrow(*rows, options);
  if (!count) return Fail(count.error());
  if (!options.file.empty()) {
    std::fprintf(stderr, "%llu rows dumped\n", static_cast<unsigned long long>(*count));
  }
  return kDone;
}

}  // namespace

void AddTransferVerbs(CLI::App& app, Session& session) {
  auto load_options = std::make_shared<TransferOptions>();
  CLI::App* load =
      app.add_subcommand("load", "Load JSON lines or an Arrow IPC file (columns key and value)");
  load->add_option("dir", load_options->directory, "Directory of the database")->required();
  load->add_option("file", load_options->file, "File; - reads JSON lines from standard input")
      ->required();
  AddKeyspaceFlag(*load, load_options->keyspace);
  AddTimeToLiveFlag(*load, load_options->time_to_live_ms);
  session.AddSettingFlags(*load);
  session.SetAction(*load, [&session, load_options] { return RunLoad(session, *load_options); });

  auto dump_options = std::make_shared<TransferOptions>();
  CLI::App* dump =
      app.add_subcommand("dump", "Print every row as JSON lines, or write an Arrow file");
  dump->add_option("dir", dump_options->directory, "Directory of the database")->required();
  AddKeyspaceFlag(*dump, dump_options->keyspace);
  AddExpiryFlag(*dump, dump_options->expiry);
  dump->add_option("--arrow", dump_options->file, "Write this Arrow IPC file instead");
  session.SetAction(*dump, [dump_options] { return RunDump(*dump_options); });
}

}  // namespace quiver::cli
