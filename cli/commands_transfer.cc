// load and dump: JSON lines, and Arrow IPC files with key and value columns.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "bytes_text.h"
#include "exit_code.h"
#include "progress.h"
#include "quiver/admin.h"
#include "session.h"

namespace quiver::cli {

namespace {

constexpr std::size_t kBatchBytes = std::size_t{1} << 20;

struct TransferOptions {
  std::string directory;
  std::string file;
  bool arrow = false;
};

/// Collects rows into batches and writes them; shows progress.
class Loader {
 public:
  explicit Loader(Database& database) : database_(database), progress_("loading", "rows") {}

  Result<void> Add(std::string_view key, std::string_view value) {
    if (const auto put = batch_.Put(key, value); !put) return put;
    ++rows_;
    progress_.Update(rows_);
    return batch_.size_bytes() < kBatchBytes ? Result<void>() : WriteBatchNow();
  }
  Result<void> Finish() {
    if (const auto written = WriteBatchNow(); !written) return written;
    return database_.Close();
  }
  std::uint64_t rows() const { return rows_; }

 private:
  Result<void> WriteBatchNow() {
    const auto written = database_.Write(batch_);
    batch_.Clear();
    if (!written) return written.error();
    return {};
  }

  Database& database_;
  Progress progress_;
  WriteBatch batch_;
  std::uint64_t rows_ = 0;
};

Result<void> LoadJsonLines(std::istream& input, const std::string& name, Loader& loader) {
  std::string line;
  for (std::uint64_t number = 1; std::getline(input, line); ++number) {
    if (line.empty()) continue;
    const auto row = ParseJsonRow(line);
    const Result<void> added = row ? loader.Add(row->key, row->value) : Result<void>(row.error());
    if (!added) return added.error().WithContext(name + ", line " + std::to_string(number));
  }
  if (input.bad()) return Error(ErrorCode::kIo, "cannot be read", name);
  return {};
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

// By its first bytes, not by its name: "ARROW1".
bool IsArrowFile(const std::string& file) {
  std::ifstream input(file, std::ios::binary);
  char magic[6] = {};
  return input.read(magic, sizeof magic) && std::string_view(magic, sizeof magic) == "ARROW1";
}

int RunLoad(const Session& session, const TransferOptions& options) {
  const bool from_input = options.file == "-";
  std::ifstream file;
  if (!from_input) {
    file.open(options.file, std::ios::binary);
    if (!file || std::filesystem::is_directory(options.file)) {
      return Fail(Error(ErrorCode::kIo, "cannot be read", options.file));
    }
  }
  auto database = session.OpenForWriting(options.directory, /*create=*/true);
  if (!database) return Fail(database.error());
  Result<void> done;
  std::uint64_t rows = 0;
  {
    Loader loader(**database);
    if (from_input) {
      done = LoadJsonLines(std::cin, "standard input", loader);
    } else if (IsArrowFile(options.file)) {
      done = LoadArrow(options.file, loader);
    } else {
      done = LoadJsonLines(file, options.file, loader);
    }
    // What came before a bad row stays: the message says which row to go on from.
    const Result<void> finished = loader.Finish();
    if (done.ok()) done = finished;
    rows = loader.rows();
  }
  std::fprintf(stderr, "%llu rows loaded\n", static_cast<unsigned long long>(rows));
  return done ? kDone : Fail(done.error());
}

Result<std::uint64_t> DumpRows(Iterator& rows, ArrowFileWriter* arrow) {
  Progress progress("dumping", "rows");
  std::uint64_t count = 0;
  for (rows.SeekToFirst(); rows.Valid(); rows.Next()) {
    if (arrow != nullptr) {
      if (const auto added = arrow->Add(rows.key(), rows.value()); !added) return added.error();
    } else {
      std::string line = FormatRow(rows.key(), rows.value(), Format::kJson);
      line.push_back('\n');
      if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size()) {
        return Error(ErrorCode::kIo, "standard output cannot be written");
      }
    }
    progress.Update(++count);
  }
  if (const auto status = rows.status(); !status) return status.error();
  return count;
}

int RunDump(const TransferOptions& options) {
  auto database = Database::OpenReadOnly(options.directory);
  if (!database) return Fail(database.error());
  IteratorOptions all;
  all.fill_cache = false;
  auto rows = (*database)->NewIterator(all);
  if (!rows) return Fail(rows.error());
  if (options.file.empty()) {
    const auto count = DumpRows(*rows, nullptr);
    if (!count) return Fail(count.error());
    if (std::fflush(stdout) != 0) {
      return Fail(Error(ErrorCode::kIo, "standard output cannot be written"));
    }
    return kDone;
  }
  auto arrow = ArrowFileWriter::Create(options.file);
  if (!arrow) return Fail(arrow.error());
  const auto count = DumpRows(*rows, arrow->get());
  if (!count) return Fail(count.error());
  if (const auto finished = (*arrow)->Finish(); !finished) return Fail(finished.error());
  std::fprintf(stderr, "%llu rows dumped\n", static_cast<unsigned long long>(*count));
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
  session.AddSettingFlags(*load);
  session.SetAction(*load, [&session, load_options] { return RunLoad(session, *load_options); });

  auto dump_options = std::make_shared<TransferOptions>();
  CLI::App* dump =
      app.add_subcommand("dump", "Print every row as JSON lines, or write an Arrow file");
  dump->add_option("dir", dump_options->directory, "Directory of the database")->required();
  dump->add_option("--arrow", dump_options->file, "Write this Arrow IPC file instead");
  session.SetAction(*dump, [dump_options] { return RunDump(*dump_options); });
}

}  // namespace quiver::cli
