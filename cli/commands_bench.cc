// bench: runs workloads by their db_bench names and prints their speed.
#include <cstdio>
#include <limits>
#include <memory>
#include <sstream>

#include "exit_code.h"
#include "keyspace_flag.h"
#include "session.h"
#include "workload.h"

namespace quiver::cli {

namespace {

struct BenchOptions {
  std::string directory;
  std::string keyspace;
  std::string workloads = "fillseq,fillrandom,readrandom,readmissing,seekrandom,readseq";
  WorkloadOptions workload;
  bool list = false;
  bool json = false;
  bool use_existing = false;
};

void Print(const WorkloadResult& result, bool json) {
  const double per_second = static_cast<double>(result.operations) / std::max(result.seconds, 1e-9);
  const double ns =
      result.seconds * 1e9 / static_cast<double>(std::max<std::uint64_t>(1, result.operations));
  if (json) {
    std::printf(
        "{\"workload\":\"%s\",\"operations\":%llu,\"seconds\":%.6f,\"ns_per_operation\":%.1f,"
        "\"found\":%llu,\"p50_ns\":%llu,\"p99_ns\":%llu,\"p9999_ns\":%llu,\"max_ns\":%llu}\n",
        result.name.c_str(), static_cast<unsigned long long>(result.operations), result.seconds, ns,
        static_cast<unsigned long long>(result.found),
        static_cast<unsigned long long>(result.p50_ns),
        static_cast<unsigned long long>(result.p99_ns),
        static_cast<unsigned long long>(result.p9999_ns),
        static_cast<unsigned long long>(result.max_ns));
  } else {
    std::printf("%-18s %10.0f ops/s %10.1f ns/op   p50 %8.2f us  p99 %8.2f us  p99.99 %9.2f us\n",
                result.name.c_str(), per_second, ns, static_cast<double>(result.p50_ns) / 1e3,
                static_cast<double>(result.p99_ns) / 1e3,
                static_cast<double>(result.p9999_ns) / 1e3);
  }
  std::fflush(stdout);
}

// Refuses a database with rows of somebody else: bench would write its own among them. The keys of
// bench are numbers with leading zeros, so the first and the last key speak for all between.
Result<void> CheckRowsAreOurs(const std::string& directory, const std::string& name) {
  auto database = Database::OpenReadOnly(directory);
  if (!database) {
    if (database.error().code() == ErrorCode::kNotFound) return {};
    return database.error();
  }
  const auto keyspace = ChosenKeyspace::Find(**database, name);
  if (!keyspace) return keyspace.error();
  auto rows = (*database)->NewIterator({.keyspace = keyspace->get()});
  if (!rows) return rows.error();
  for (const bool first : {true, false}) {
    first ? rows->SeekToFirst() : rows->SeekToLast();
    if (const auto status = rows->status(); !status) return status;
    if (!rows->Valid() || IsWorkloadKey(rows->key())) continue;
    return Error(ErrorCode::kInvalidArgument,
                 directory +
                     " holds rows that bench did not write; give another directory, or "
                     "--use-existing to write the rows of bench among them");
  }
  return {};
}

int RunBench(const Session& session, const BenchOptions& options) {
  if (options.list) {
    for (const WorkloadInfo& info : Workloads()) {
      std::printf("%-18s %s\n", std::string(info.name).c_str(), std::string(info.sentence).c_str());
    }
    return kDone;
  }
  if (options.directory.empty()) {
    std::fprintf(stderr, "quiver: bench needs the directory of a database\n");
    return kUsage;
  }
  if (!options.use_existing) {
    const auto ours = CheckRowsAreOurs(options.directory, options.keyspace);
    if (!ours) return Fail(ours.error());
  }
  auto database = session.OpenForWriting(options.directory, options.keyspace.empty());
  if (!database) return Fail(database.error());
  const auto keyspace = ChosenKeyspace::Find(**database, options.keyspace);
  if (!keyspace) return Fail(keyspace.error());
  WorkloadOptions workload = options.workload;
  workload.keyspace = keyspace->get();
  std::istringstream names(options.workloads);
  for (std::string name; std::getline(names, name, ',');) {
    const auto result = RunWorkload(name, **database, workload);
    if (!result) {
      Fail(result.error());
      return result.error().code() == ErrorCode::kNotFound ? kUsage : kFailed;
    }
    Print(*result, options.json);
  }
  if (const auto closed = (*database)->Close(); !closed) return Fail(closed.error());
  return kDone;
}

}  // namespace

void AddBenchVerb(CLI::App& app, Session& session) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* bench = app.add_subcommand("bench", "Measure workloads (db_bench's names)");
  bench->add_option("dir", options->directory, "Directory of the database");
  AddKeyspaceFlag(*bench, options->keyspace);
  bench->add_option("--workloads", options->workloads, "Comma-separated names")
      ->capture_default_str();
  AddNumber(*bench, "--rows", options->workload.rows, "Rows of the key space [1000000]", 1,
            kWorkloadRowsMax);
  AddNumber(*bench, "--operations", options->workload.operations, "Operations [as many as rows]", 1,
            kWorkloadRowsMax);
  AddNumber(*bench, "--threads", options->workload.threads, "Threads [1]", 1, 1024);
  AddNumber(*bench, "--value-bytes", options->workload.value_bytes, "Bytes of a value [100]", 0,
            1U << 20);
  AddNumber(*bench, "--batch-rows", options->workload.batch_rows, "Rows of a batch [100]", 1,
            1U << 20);
  AddNumber(*bench, "--seed", options->workload.seed, "Seed of the random numbers [1]", 0,
            std::numeric_limits<std::uint64_t>::max());
  bench->add_flag("--use-existing", options->use_existing,
                  "Write into a database that has other rows too");
  bench->add_flag("--list", options->list, "List the workloads");
  bench->add_flag("--json", options->json, "One JSON object a line");
  session.AddSettingFlags(*bench);
  session.SetAction(*bench, [&session, options] { return RunBench(session, *options); });
}

}  // namespace quiver::cli
