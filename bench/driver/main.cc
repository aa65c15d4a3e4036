// quiver-bench: Quiver beside RocksDB, LevelDB, LMDB and WiredTiger on the same keys, values,
// random sequence, threads, memory, durability, codec and filter bits. docs/performance.md tells
// the method.
//
//   quiver-bench [--plan smoke|full] [--engines quiver,rocksdb,…] [--datasets S,M,…]
//                [--groups load,reads,…] [--scale F] [--seconds F] [--rounds N] [--minutes N]
//                [--repeats N] [--disturbance-percent N] [--directory DIR] [--json FILE]
//                [--targets FILE] [--commit TEXT]
//   quiver-bench --list groups
//
// Each group of rows of each engine runs in a process of its own, which this program starts as
// itself with --child.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "driver/runner.h"
#include "limits/constants.h"
#include "limits/row_limits.h"
#include "rows/group.h"

namespace quiver::bench {

namespace {

constexpr std::string_view kConstantsGroup = "constants";

std::vector<std::string> Split(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start < list.size();) {
    const std::size_t end = std::min(list.find(',', start), list.size());
    if (end != start) parts.push_back(list.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

// A smaller data set has smaller memtables, or most of it would never leave them.
EngineOptions OptionsFor(const Dataset& dataset, const std::string& directory, double scale) {
  EngineOptions options;
  options.directory = directory;
  options.data_bytes = dataset.data_bytes();
  options.cache_bytes = dataset.cache_bytes;
  constexpr double kLeastBytes = 1 << 20;
  options.memtable_bytes = static_cast<std::uint64_t>(
      std::clamp(static_cast<double>(options.memtable_bytes) * scale, kLeastBytes,
                 static_cast<double>(options.memtable_bytes)));
  options.larger_than_memory = dataset.memory_limit_bytes != 0;
  return options;
}

int RunAsChild(const std::string& name, Flags& flags) {
  const std::string engine = flags.Text("engine", "");
  const std::string dataset_name = flags.Text("dataset", "S");
  const std::string directory = flags.Text("directory", ".");
  const double scale = flags.Real("scale", 1);
  const double seconds = flags.Real("seconds", 1);
  const std::uint64_t round = flags.Number("round", 0);
  flags.Finish();
  if (name == kConstantsGroup) {
    MachineConstants constants = MeasureConstants(directory, scale);
    ForEachConstant(constants, [](std::string_view constant, double& value) {
      ReportRow(constant, value, Unit::kFactor);
    });
    return 0;
  }
  const auto dataset = DatasetNamed(dataset_name, scale);
  if (!dataset) Fail("no data set " + dataset_name);
  const auto& groups = AllGroups();
  const auto group = std::find_if(groups.begin(), groups.end(),
                                  [&](const Group& each) { return each.name == name; });
  if (group == groups.end()) Fail("no group " + name);
  for (const EngineKind& kind : AllEngineKinds()) {
    if (kind.name != engine) continue;
    GroupContext context{kind, OptionsFor(*dataset, directory, scale), *dataset, seconds, round};
    group->run(context);
    return 0;
  }
  Fail("no engine " + engine + " in this build");
}

// Quiver and the peers; those whose memory comes from malloc get huge pages, RocksDB, whose makers
// compare without, also runs without.
std::vector<Variant> Variants(const std::vector<std::string>& wanted, const Plan& plan) {
  std::vector<Variant> variants;
  const auto dataset = DatasetNamed("S", plan.scale);
  const EngineOptions options = OptionsFor(*dataset, "", plan.scale);
  const auto add = [&](const EngineKind& kind, bool huge_pages, bool named_apart) {
    Variant variant;
    variant.huge_pages = huge_pages;
    variant.facts = {.name = kind.name + (named_apart ? "+thp" : ""),
                     .kind = kind.name,
                     .title = kind.title + (named_apart ? ", huge pages" : ""),
                     .version = kind.version,
                     .note = kind.note,
                     .options = kind.describe(options) +
                                (huge_pages ? "; jemalloc with transparent huge pages" : ""),
                     .assertions = kind.built_with_assertions};
    if (!wanted.empty() &&
        std::find(wanted.begin(), wanted.end(), variant.facts.name) == wanted.end()) {
      return;
    }
    variants.push_back(std::move(variant));
  };
  for (const EngineKind& kind : AllEngineKinds()) {
    const bool huge_pages = kind.gains_from_malloc && HugePagesAvailable();
    const bool both = kind.name == "rocksdb";
    if (both) add(kind, false, false);
    if (!both || huge_pages) add(kind, huge_pages, both);
  }
  return variants;
}

MachineConstants ConstantsOfThisRun(const std::string& directory, double thoroughness) {
  ChildRequest request;
  request.arguments = {"--child", std::string(kConstantsGroup), "--directory", directory,
                       "--scale", Fixed(thoroughness, 3)};
  const ChildOutcome outcome = RunChild(request);
  if (!outcome.error.empty()) Fail("the machine's constants: " + outcome.error);
  MachineConstants constants;
  ForEachConstant(constants, [&](std::string_view name, double& value) {
    for (const Measurement& measurement : outcome.measurements) {
      if (measurement.row == name) value = measurement.value;
    }
  });
  return constants;
}

std::string Now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
  return text;
}

Plan PlanFrom(Flags& flags, std::string& name) {
  name = flags.Text("plan", "smoke");
  auto plan = PlanNamed(name);
  if (!plan) Fail("no plan " + name + ": there are smoke and full");
  plan->scale = flags.Real("scale", plan->scale);
  plan->seconds = flags.Real("seconds", plan->seconds);
  plan->rounds = flags.Number("rounds", plan->rounds);
  plan->minutes = flags.Number("minutes", plan->minutes);
  plan->repeats = flags.Number("repeats", plan->repeats);
  KeepOnly(*plan, Split(flags.Text("datasets", "")), Split(flags.Text("groups", "")));
  if (plan->scale <= 0 || plan->seconds <= 0 || plan->rounds == 0 || plan->sections.empty()) {
    Fail("--scale and --seconds are above 0, --rounds at least 1, and a group must be left");
  }
  return *plan;
}

int RunAsDriver(Flags& flags) {
  std::string plan_name;
  RunnerSettings settings;
  settings.plan = PlanFrom(flags, plan_name);
  // A folder of its own, since it is removed at the end.
  settings.directory =
      std::filesystem::path(flags.Text("directory", "build/bench")) / "quiver-bench-data";
  settings.others_share_max = static_cast<double>(flags.Number("disturbance-percent", 10)) / 100;
  const std::string json = flags.Text("json", "");
  const std::string commit = flags.Text("commit", "unknown");
  const std::string targets_file = flags.Text("targets", "");
  const std::vector<std::string> wanted = Split(flags.Text("engines", ""));
  flags.Finish();

  std::error_code error;
  std::filesystem::create_directories(settings.directory, error);
  if (error) Fail("cannot make " + settings.directory.string() + ": " + error.message());
  const Plan& plan = settings.plan;
  const auto variants = Variants(wanted, plan);
  if (variants.empty()) Fail("no engine is left of --engines");
  auto targets = LoadTargets(targets_file);
  Need(targets, "the targets");
  MachineConstants constants = ConstantsOfThisRun(settings.directory, std::min(1.0, plan.scale));

  std::vector<EngineFacts> facts;
  for (const Variant& variant : variants) facts.push_back(variant.facts);
  // A section's own scale only changes how much data there is.
  const auto limit_of = [&](std::string_view row, std::string_view name) {
    const auto dataset = DatasetNamed(name, plan.scale);
    return dataset ? RowLimit(row, *dataset, constants) : std::nullopt;
  };
  Results results(facts, *targets, limit_of);
  for (const std::string& missing : MissingEngines()) {
    results.Skipped(missing + ": its library was not found when this was built");
  }
  if (!HugePagesAvailable()) results.Skipped("huge pages for peers: no jemalloc, or not allowed");
  for (const auto& [name, value] : MachineState()) results.Fact(name, value);
  results.Fact("begun", Now());
  results.Fact("plan", plan_name);
  results.Fact("commit", commit);
  results.Fact("scale", Fixed(plan.scale, 4));
  results.Fact("seconds", Fixed(plan.seconds, 2));
  ForEachConstant(constants, [&](std::string_view name, double& value) {
    results.Constant(std::string(name), value);
  });

  const std::uint64_t rounds = Runner(settings, variants, results).Run();
  results.Fact("rounds", std::to_string(rounds));
  results.Fact("ended", Now());
  results.Fact("load_average_after", LoadAverages());
  std::filesystem::remove_all(settings.directory, error);
  std::printf("%s", results.ToTables().c_str());
  if (!json.empty()) {
    std::filesystem::create_directories(std::filesystem::absolute(json).parent_path(), error);
    std::ofstream file(json);
    file << results.ToJson();
    file.close();
    if (!file) Fail("cannot write " + json);
  }
  return results.failed() ? 1 : 0;
}

int ListGroups() {
  for (const Group& group : AllGroups()) {
    std::printf("%-12s %s\n", std::string(group.name).c_str(), std::string(group.meaning).c_str());
  }
  return 0;
}

int Run(int argc, char** argv) {
  Flags flags(argc, argv);
  const std::string child = flags.Text("child", "");
  const std::string list = flags.Text("list", "");
  if (!child.empty()) return RunAsChild(child, flags);
  if (list == "groups") return ListGroups();
  return RunAsDriver(flags);
}

}  // namespace

}  // namespace quiver::bench

int main(int argc, char** argv) {
  return quiver::bench::Run(argc, argv);
}
