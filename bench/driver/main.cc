// quiver-bench: Quiver beside RocksDB, LevelDB, LMDB and WiredTiger on the same keys, values,
// random sequence, threads, memory, durability, codec and filter bits. docs/performance.md tells
// the method.
//
//   quiver-bench [--plan smoke|full|growth|memtables|strategies] [--engines quiver,rocksdb,…]
//                [--datasets S,M,…] [--groups load,reads,…] [--scale F] [--seconds F] [--rounds N]
//                [--minutes N] [--repeats N] [--disturbance-percent N] [--directory DIR]
//                [--json FILE] [--journal FILE] [--targets FILE] [--commit TEXT]
//   quiver-bench --list groups
//
// Each group of rows of each engine runs in a process of its own, which this program starts as
// itself with --child. With --journal a run that was cut, by --minutes or otherwise, goes on where
// it ended when it is called again.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "driver/journal.h"
#include "driver/runner.h"
#include "driver/variants.h"
#include "limits/constants.h"
#include "limits/row_limits.h"
#include "rows/group.h"

namespace quiver::bench {

namespace {

constexpr std::string_view kConstantsGroup = "constants";

int RunAsChild(const std::string& name, Flags& flags) {
  const std::string engine = flags.Text("engine", "");
  const std::string dataset_name = flags.Text("dataset", "S");
  const std::string directory = flags.Text("directory", ".");
  const double scale = flags.Real("scale", 1);
  const double seconds = flags.Real("seconds", 1);
  const std::uint64_t round = flags.Number("round", 0);
  const auto settings = SettingsFrom(flags.Text("set", ""));
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
    context.options.settings = settings;
    group->run(context);
    return 0;
  }
  Fail("no engine " + engine + " in this build");
}

MachineConstants ConstantsOfThisRun(const std::string& directory, double thoroughness,
                                    Journal& journal) {
  const std::string name(kConstantsGroup);
  auto outcome = journal.Find(name);
  if (!outcome) {
    ChildRequest request;
    request.arguments = {"--child", name,      "--directory",
                         directory, "--scale", Fixed(thoroughness, 3)};
    outcome = RunChild(request);
    Need(journal.Add(name, *outcome), "the journal");
  }
  if (!outcome->error.empty()) Fail("the machine's constants: " + outcome->error);
  MachineConstants constants;
  ForEachConstant(constants, [&](std::string_view constant, double& value) {
    for (const Measurement& measurement : outcome->measurements) {
      if (measurement.row == constant) value = measurement.value;
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
  if (!plan) {
    Fail("no plan " + name + ": there are smoke, full, growth, memtables and strategies");
  }
  plan->scale = flags.Real("scale", plan->scale);
  plan->seconds = flags.Real("seconds", plan->seconds);
  plan->rounds = flags.Number("rounds", plan->rounds);
  plan->minutes = flags.Number("minutes", plan->minutes);
  plan->repeats = flags.Number("repeats", plan->repeats);
  KeepOnly(*plan, SplitList(flags.Text("datasets", "")), SplitList(flags.Text("groups", "")));
  if (plan->scale <= 0 || plan->seconds <= 0 || plan->rounds == 0 || plan->sections.empty()) {
    Fail("--scale and --seconds are above 0, --rounds at least 1, and a group must be left");
  }
  return *plan;
}

struct DriverFlags {
  std::string plan_name;
  RunnerSettings runner;
  std::string json;
  std::string journal;
  std::string commit;
  std::string targets;
  std::vector<std::string> engines;
};

DriverFlags DriverFlagsFrom(Flags& flags) {
  DriverFlags chosen;
  chosen.runner.plan = PlanFrom(flags, chosen.plan_name);
  // A folder of its own, since it is removed at the end.
  chosen.runner.directory =
      std::filesystem::path(flags.Text("directory", "build/bench")) / "quiver-bench-data";
  chosen.runner.others_share_max =
      static_cast<double>(flags.Number("disturbance-percent", 10)) / 100;
  chosen.json = flags.Text("json", "");
  chosen.journal = flags.Text("journal", "");
  chosen.commit = flags.Text("commit", "unknown");
  chosen.targets = flags.Text("targets", "");
  chosen.engines = SplitList(flags.Text("engines", ""));
  flags.Finish();
  return chosen;
}

Journal OpenJournal(const DriverFlags& chosen) {
  if (chosen.journal.empty()) return {};
  const Plan& plan = chosen.runner.plan;
  return Take(Journal::Open(chosen.journal, {{"machine", MachineDescription()},
                                             {"commit", chosen.commit},
                                             {"plan", chosen.plan_name},
                                             {"scale", Fixed(plan.scale, 6)},
                                             {"seconds", Fixed(plan.seconds, 6)}}),
              "the journal");
}

void NoteFacts(const DriverFlags& chosen, MachineConstants& constants, Results& results) {
  const Plan& plan = chosen.runner.plan;
  for (const std::string& missing : MissingEngines()) {
    if (!plan.setting.empty()) break;
    results.Skipped(missing + ": its library was not found when this was built");
  }
  if (!HugePagesAvailable()) results.Skipped("huge pages for peers: no jemalloc, or not allowed");
  for (const auto& [name, value] : MachineState()) results.Fact(name, value);
  results.Fact("begun", Now());
  results.Fact("plan", chosen.plan_name);
  results.Fact("commit", chosen.commit);
  results.Fact("scale", Fixed(plan.scale, 4));
  results.Fact("seconds", Fixed(plan.seconds, 2));
  ForEachConstant(constants, [&](std::string_view name, double& value) {
    results.Constant(std::string(name), value);
  });
}

void WriteJson(const std::string& path, const Results& results) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::absolute(path).parent_path(), error);
  std::ofstream file(path);
  file << results.ToJson();
  file.close();
  if (!file) Fail("cannot write " + path);
}

int RunAsDriver(Flags& flags) {
  const DriverFlags chosen = DriverFlagsFrom(flags);
  const Plan& plan = chosen.runner.plan;
  std::error_code error;
  std::filesystem::create_directories(chosen.runner.directory, error);
  if (error) Fail("cannot make " + chosen.runner.directory.string() + ": " + error.message());
  const auto variants = VariantsOf(plan, chosen.engines);
  if (variants.empty()) Fail("no engine is left of --engines");
  auto targets = LoadTargets(chosen.targets);
  Need(targets, "the targets");
  Journal journal = OpenJournal(chosen);
  MachineConstants constants =
      ConstantsOfThisRun(chosen.runner.directory.string(), std::min(1.0, plan.scale), journal);

  std::vector<EngineFacts> facts;
  for (const Variant& variant : variants) facts.push_back(variant.facts);
  // A section's own scale only changes how much data there is.
  const auto limit_of = [&](std::string_view row, std::string_view name) {
    const auto dataset = DatasetNamed(name, plan.scale);
    return dataset ? RowLimit(row, *dataset, constants) : std::nullopt;
  };
  Results results(facts, *targets, limit_of);
  NoteFacts(chosen, constants, results);
  Runner runner(chosen.runner, variants, journal, results);
  const std::uint64_t rounds = runner.Run();
  if (runner.cut()) {
    results.Skipped("all that would have begun after " + std::to_string(plan.minutes) + " minutes");
  }
  results.Fact("rounds", std::to_string(rounds));
  results.Fact("ended", Now());
  results.Fact("load_average_after", LoadAverages());
  std::filesystem::remove_all(chosen.runner.directory, error);
  std::printf("%s", results.ToTables().c_str());
  if (!chosen.json.empty()) WriteJson(chosen.json, results);
  if (runner.cut() && journal.kept()) {
    std::printf("\ncut after %llu minutes: the same call goes on\n",
                static_cast<unsigned long long>(plan.minutes));
  } else if (!results.failed()) {
    journal.Remove();
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
