// stats, verify, repair, inspect, compact, flush.
#include <cstdio>
#include <memory>

#include "bytes_text.h"
#include "exit_code.h"
#include "keyspace_flag.h"
#include "output.h"
#include "progress.h"
#include "quiver/admin.h"
#include "session.h"

namespace quiver::cli {

namespace {

struct AdminOptions {
  std::string directory;
  std::string file;
  std::string from, to;
  std::string keyspace;
  bool json = false;
  bool prometheus = false;
  bool entries = false;
};

int RunStats(const AdminOptions& options) {
  auto database = OpenForReading(options.directory);
  if (!database) return Fail(database.error());
  const DatabaseMetrics metrics = (*database)->Metrics();
  const std::string text = options.json         ? metrics.ToJson() + "\n"
                           : options.prometheus ? metrics.ToPrometheus()
                                                : metrics.ToText();
  Print(text);
  return kDone;
}

void PrintKeyspace(const KeyspaceSummary& keyspace) {
  std::printf("keyspace %s: %llu tables (%llu with expiries), %llu bytes, %llu entries",
              EscapeBytes(keyspace.name).c_str(), static_cast<unsigned long long>(keyspace.tables),
              static_cast<unsigned long long>(keyspace.expiring_tables),
              static_cast<unsigned long long>(keyspace.bytes),
              static_cast<unsigned long long>(keyspace.entries));
  if (keyspace.range_deletes != 0) {
    std::printf(", %llu range deletes", static_cast<unsigned long long>(keyspace.range_deletes));
  }
  std::printf("\n");
}

int RunVerify(const AdminOptions& options) {
  Progress progress("verifying", "bytes");
  const auto report =
      VerifyDatabase(options.directory, [&](std::uint64_t done_bytes, std::uint64_t total_bytes) {
        progress.Update(done_bytes, total_bytes);
      });
  if (!report) return Fail(report.error());
  for (const Damage& damage : report->damages) {
    std::printf("damaged: %s, offset %llu: %s\n", damage.file.c_str(),
                static_cast<unsigned long long>(damage.offset), damage.what.c_str());
  }
  for (const std::string& note : report->notes) std::printf("note: %s\n", note.c_str());
  if (report->keyspaces.size() > 1) {
    for (const KeyspaceSummary& keyspace : report->keyspaces) PrintKeyspace(keyspace);
  }
  std::printf("%llu files, %llu bytes, %llu entries: %s\n",
              static_cast<unsigned long long>(report->files),
              static_cast<unsigned long long>(report->bytes),
              static_cast<unsigned long long>(report->entries),
              report->damages.empty() ? "everything verifies" : "DAMAGED");
  return report->damages.empty() ? kDone : kFailed;
}

int RunRepair(const AdminOptions& options) {
  Progress progress("repairing", "bytes");
  const auto report = RepairDatabase(options.directory, options.file,
                                     [&](std::uint64_t done_bytes, std::uint64_t total_bytes) {
                                       progress.Update(done_bytes, total_bytes);
                                     });
  if (!report) return Fail(report.error());
  for (const std::string& loss : report->lost) std::printf("lost: %s\n", loss.c_str());
  std::printf("%llu entries recovered from %llu tables and %llu log segments into %s\n",
              static_cast<unsigned long long>(report->entries_recovered),
              static_cast<unsigned long long>(report->tables_read),
              static_cast<unsigned long long>(report->segments_read), options.file.c_str());
  return kDone;
}

int RunInspect(const AdminOptions& options) {
  const auto done = InspectFile(options.file, options.entries,
                                [](std::string_view line) { return Print(line) && Print("\n"); });
  return done ? kDone : Fail(done.error());
}

int RunCompact(const Session& session, const AdminOptions& options) {
  auto database = session.OpenForWriting(options.directory, /*create=*/false);
  if (!database) return Fail(database.error());
  std::optional<std::string_view> from, to;
  if (!options.from.empty()) from = options.from;
  if (!options.to.empty()) to = options.to;
  const auto keyspace = ChosenKeyspace::Find(**database, options.keyspace);
  if (!keyspace) return Fail(keyspace.error());
  const auto done = (*database)->CompactRange(from, to, keyspace->get());
  if (!done) return Fail(done.error());
  if (const auto closed = (*database)->Close(); !closed) return Fail(closed.error());
  return kDone;
}

int RunFlush(const Session& session, const AdminOptions& options) {
  auto database = session.OpenForWriting(options.directory, /*create=*/false);
  if (!database) return Fail(database.error());
  if (const auto done = (*database)->Flush(); !done) return Fail(done.error());
  if (const auto closed = (*database)->Close(); !closed) return Fail(closed.error());
  return kDone;
}

void AddWritingVerbs(CLI::App& app, Session& session) {
  auto compact_options = std::make_shared<AdminOptions>();
  CLI::App* compact = app.add_subcommand("compact", "Merge tables down to the last level");
  compact->add_option("dir", compact_options->directory, "Directory of the database")->required();
  compact->add_option("--from", compact_options->from, "First key, inclusive");
  compact->add_option("--to", compact_options->to, "End, exclusive");
  AddKeyspaceFlag(*compact, compact_options->keyspace);
  session.AddSettingFlags(*compact);
  session.SetAction(*compact,
                    [&session, compact_options] { return RunCompact(session, *compact_options); });

  auto flush_options = std::make_shared<AdminOptions>();
  CLI::App* flush = app.add_subcommand("flush", "Write what the log holds to tables");
  flush->add_option("dir", flush_options->directory, "Directory of the database")->required();
  session.AddSettingFlags(*flush);
  session.SetAction(*flush,
                    [&session, flush_options] { return RunFlush(session, *flush_options); });
}

}  // namespace

void AddAdminVerbs(CLI::App& app, Session& session) {
  auto stats_options = std::make_shared<AdminOptions>();
  CLI::App* stats = app.add_subcommand("stats", "Print sizes, levels and counters");
  stats->add_option("dir", stats_options->directory, "Directory of the database")->required();
  CLI::Option* json = stats->add_flag("--json", stats_options->json, "As JSON");
  stats->add_flag("--prometheus", stats_options->prometheus, "As Prometheus text")->excludes(json);
  session.SetAction(*stats, [stats_options] { return RunStats(*stats_options); });

  auto verify_options = std::make_shared<AdminOptions>();
  CLI::App* verify = app.add_subcommand("verify", "Read every byte and check every checksum");
  verify->add_option("dir", verify_options->directory, "Directory of the database")->required();
  session.SetAction(*verify, [verify_options] { return RunVerify(*verify_options); });

  auto repair_options = std::make_shared<AdminOptions>();
  CLI::App* repair =
      app.add_subcommand("repair",
                         "Rescue what can be read of a damaged database into a new one. The "
                         "damaged one is only read, never changed, so nothing is asked");
  repair->add_option("dir", repair_options->directory, "Directory of the damaged database")
      ->required();
  repair->add_option("new-dir", repair_options->file, "Directory of the new database")->required();
  session.SetAction(*repair, [repair_options] { return RunRepair(*repair_options); });

  auto inspect_options = std::make_shared<AdminOptions>();
  CLI::App* inspect = app.add_subcommand("inspect", "Print a log segment, a manifest or a table");
  inspect->add_option("file", inspect_options->file, "The file")->required();
  inspect->add_flag("--entries", inspect_options->entries, "Print each entry too");
  session.SetAction(*inspect, [inspect_options] { return RunInspect(*inspect_options); });
  AddWritingVerbs(app, session);
}

}  // namespace quiver::cli
