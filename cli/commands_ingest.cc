// import: Arrow IPC files as tables of a database, all rows at once.
#include <cstdio>
#include <memory>
#include <vector>

#include "exit_code.h"
#include "keyspace_flag.h"
#include "progress.h"
#include "session.h"

namespace quiver::cli {

namespace {

struct ImportOptions {
  std::string directory;
  std::string keyspace;
  std::vector<std::string> files;
  IngestOptions ingest;
};

int RunImport(const Session& session, const ImportOptions& options) {
  auto database = session.OpenForWriting(options.directory, options.keyspace.empty());
  if (!database) return Fail(database.error());
  const auto keyspace = ChosenKeyspace::Find(**database, options.keyspace);
  if (!keyspace) return Fail(keyspace.error());
  const std::vector<std::filesystem::path> files(options.files.begin(), options.files.end());
  IngestOptions ingest = options.ingest;
  ingest.keyspace = keyspace->get();
  Result<IngestReport> report;
  {
    Progress progress("importing", "rows");
    ingest.progress = [&](std::uint64_t done_rows, std::uint64_t total_rows) {
      progress.Update(done_rows, total_rows);
    };
    report = (*database)->IngestArrow(files, ingest);
  }
  if (!report) return Fail(report.error());
  if (const auto closed = (*database)->Close(); !closed) return Fail(closed.error());
  std::fprintf(stderr, "%llu rows imported as %llu tables of level %u%s\n",
               static_cast<unsigned long long>(report->rows_written),
               static_cast<unsigned long long>(report->tables), report->level,
               report->was_sorted ? "" : ", after sorting");
  if (report->rows_read != report->rows_written) {
    std::fprintf(stderr, "%llu rows were replaced by later ones with the same key\n",
                 static_cast<unsigned long long>(report->rows_read - report->rows_written));
  }
  return kDone;
}

}  // namespace

void AddIngestVerbs(CLI::App& app, Session& session) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* import = app.add_subcommand(
      "import", "Add Arrow IPC files as tables: all rows at once, without the log");
  import->add_option("dir", options->directory, "Directory of the database")->required();
  import->add_option("file", options->files, "Arrow IPC files or streams; a later row wins")
      ->required();
  AddKeyspaceFlag(*import, options->keyspace);
  import->add_option("--key-column", options->ingest.key_column, "Column of the keys [key]");
  import->add_option("--value-column", options->ingest.value_column,
                     "Column of the values [value]");
  import->add_option("--expiry-column", options->ingest.expiry_column,
                     "Column of the moments at which rows expire: a timestamp, or microseconds "
                     "since 1970 [none]");
  import->add_flag("--refuse-duplicates", options->ingest.refuse_duplicates,
                   "Fail if two rows have the same key");
  session.AddSettingFlags(*import);
  session.SetAction(*import, [&session, options] { return RunImport(session, *options); });
}

}  // namespace quiver::cli
