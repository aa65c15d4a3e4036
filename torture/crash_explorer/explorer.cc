#include "crash_explorer/explorer.h"

#include <cstdlib>

#include "testing/engine_harness.h"

namespace quiver::torture {

namespace {

using Loss = io::CrashModel::Loss;

const char* NameOf(Loss loss) {
  switch (loss) {
    case Loss::kUnsynced: return "everything unsynced lost";
    case Loss::kNothing: return "nothing lost";
    case Loss::kSectors: return "sectors, sizes and names at random";
    case Loss::kGrownGarbage: return "files grown, bytes missing or garbage";
    case Loss::kTornSectors: return "torn sectors";
    case Loss::kData: return "names arrived, data not";
    case Loss::kNames: return "data arrived, names not";
    case Loss::kAllButRemovals: return "only removals arrived";
    case Loss::kChosen: return "some changes arrived, in any order";
  }
  return "";
}

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 40;
constexpr std::uint64_t kEverySubsetUpTo = 4;  // changes: 16 images

}  // namespace

std::optional<CrashPlan> CrashPlan::Parse(const std::string& whole) {
  CrashPlan plan;
  std::string text = whole;
  const std::optional<StepList> steps = StepList::TakeFrom(text);
  if (!steps) return std::nullopt;
  plan.steps = *steps;
  std::vector<std::uint64_t> numbers;
  const char* at = text.c_str();
  while (*at != '\0') {
    char* end = nullptr;
    numbers.push_back(std::strtoull(at, &end, 10));
    if (end == at || (*end != '\0' && *end != ':')) return std::nullopt;
    at = *end == ':' ? end + 1 : end;
  }
  if (numbers.empty() || numbers.size() > 3) return std::nullopt;
  plan.workload = numbers[0];
  if (numbers.size() > 1) plan.point = numbers[1];
  if (numbers.size() > 2) plan.image = numbers[2];
  return plan;
}

Random Explorer::RandomHere(std::uint64_t salt) const {
  return Random(((run_.seed() * 31 + plan_.workload) * 1'000'003 + point_) * 131 + salt);
}

std::string Explorer::PlanHere() const {
  return std::to_string(plan_.workload) + ":" + std::to_string(point_) + ":" +
         std::to_string(image_) + plan_.steps.suffix();
}

void Explorer::Fail(const std::string& what) {
  run_.Fail(PlanHere(), what);
}

void Explorer::Explore(const CrashPlan& plan) {
  plan_ = plan;
  point_ = image_ = points_ = images_ = nested_ = 0;
  stopped_ = false;
  const std::string whole = std::to_string(plan.workload) + plan.steps.suffix();
  run_.Doing(whole);
  Workload explored(run_.seed(), plan.workload, plan.steps);
  met_(explored.config());
  if (!run_.plan().empty()) run_.Set("plan_steps", static_cast<double>(explored.step_count()));
  workload_ = &explored;
  explored.SetBeforeFullDisk([this] { followed_.reset(); });
  followed_.reset();
  std::string wrong = explored.Run([this] { AtChange(); });
  if (!wrong.empty()) Fail("the workload failed by itself: " + wrong);

  run_.Doing(whole);
  followed_.reset();
  Workload repeated(run_.seed(), plan.workload, plan.steps);
  (void)repeated.Run({});
  if (repeated.OperationDigest() != explored.OperationDigest()) {
    Fail("the same seed gave other calls on the disk");
  }
  run_.Count("determinism_checks");
  run_.Count("workloads");
  run_.Count("crash_points", static_cast<double>(points_));
  run_.Count("images", static_cast<double>(images_));
  run_.Count("images_in_recovery", static_cast<double>(nested_));
  run_.Count("disk_calls", static_cast<double>(explored.operation_count()));
  const History::KindCounts& kinds = explored.history().kind_counts();
  constexpr const char* kFigures[] = {"puts", "deletes", "merges", "range_deletes"};
  for (std::size_t kind = 0; kind < kinds.of_operation.size(); ++kind) {
    run_.Count(kFigures[kind], static_cast<double>(kinds.of_operation[kind]));
  }
  run_.Count("ingested_rows", static_cast<double>(kinds.ingested));
  run_.Count("transactions", static_cast<double>(explored.transactions()));
  run_.Count("conflicts", static_cast<double>(explored.conflicts()));
  run_.Count("answers_after_drops", static_cast<double>(explored.history().lesser_answers()));
  run_.Count("idle_merges", static_cast<double>(explored.idle_merges()));
  run_.Count("opens_refused_by_settings", static_cast<double>(explored.refused_opens()));
  run_.Count("expiring_entries", static_cast<double>(kinds.expiring));
  run_.Count("keyspaces_made", static_cast<double>(explored.history().keyspace_count() - 1));
}

void Explorer::AtChange() {
  ++point_;
  if (plan_.point && *plan_.point != point_) return;
  // Of a plan the first violation is enough.
  if (!run_.plan().empty() && run_.violations() != 0) stopped_ = true;
  if (!plan_.point && !stopped_ && !run_.TimeLeft()) stopped_ = true;
  if (stopped_) return;
  ++points_;
  Random random = RandomHere(0);
  if (random.OneIn(8) && !workload_->disk_is_full()) CheckLiveFollower();
  const std::vector<Recipe> recipes = Recipes(random);
  for (std::uint64_t image = 0; image < recipes.size(); ++image) {
    if (plan_.image && *plan_.image != image) continue;
    image_ = image;
    run_.Doing(PlanHere());
    CheckImage(recipes[image], image);
  }
}

std::vector<Explorer::Recipe> Explorer::Recipes(Random& random) const {
  std::vector<Recipe> recipes = {{Loss::kUnsynced, {}}};
  const std::set<std::uint64_t> unsynced = workload_->disk().UnsyncedChanges();
  if (unsynced.empty()) return recipes;  // all models agree
  for (const Loss loss :
       {Loss::kNothing, Loss::kData, Loss::kNames, Loss::kAllButRemovals, Loss::kSectors,
        Loss::kSectors, Loss::kTornSectors, Loss::kTornSectors, Loss::kGrownGarbage}) {
    recipes.push_back({loss, {}});
  }
  const std::vector<std::uint64_t> changes(unsynced.begin(), unsynced.end());
  const auto choose = [&](const auto& keeps) {
    Recipe recipe{Loss::kChosen, {}};
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (keeps(i)) recipe.kept.insert(changes[i]);
    }
    recipes.push_back(std::move(recipe));
  };
  if (changes.size() <= kEverySubsetUpTo) {
    const std::uint64_t all = (std::uint64_t{1} << changes.size()) - 1;
    for (std::uint64_t subset = 1; subset < all; ++subset) {
      choose([&](std::size_t i) { return (subset >> i & 1) != 0; });
    }
    return recipes;
  }
  const std::uint64_t one = random.Below(changes.size());
  const std::uint64_t end = random.Below(changes.size());
  choose([&](std::size_t i) { return i != one; });
  choose([&](std::size_t i) { return i == one; });
  choose([&](std::size_t i) { return i < end; });
  choose([&](std::size_t i) { return i >= end; });
  for (int sample = 0; sample < 3; ++sample) {
    choose([&](std::size_t) { return random.OneIn(2); });
  }
  return recipes;
}

void Explorer::CheckImage(const Recipe& recipe, std::uint64_t index) {
  Random random = RandomHere(index + 1);
  const io::CrashModel model{.loss = recipe.loss, .random = &random, .kept = &recipe.kept};
  const auto disk = workload_->disk().CrashImage(model);
  if (random.OneIn(16)) CheckReadOnly(*disk);
  if (random.OneIn(8)) CheckFollower(*disk);

  // M11: the recovery is cut too, at some of its changes.
  const bool cut_recovery = random.OneIn(8);
  std::vector<std::unique_ptr<io::MemoryFileSystem>> cuts;
  if (cut_recovery) {
    disk->SetObserver([&] {
      if (!random.OneIn(4)) return;
      const std::uint64_t choice = random.Below(4);
      const Loss loss = choice == 0   ? Loss::kUnsynced
                        : choice == 1 ? Loss::kNothing
                        : choice == 2 ? Loss::kTornSectors
                                      : Loss::kSectors;
      cuts.push_back(disk->CrashImage({.loss = loss, .random = &random, .kept = nullptr}));
    });
  }
  Machine machine(*disk, run_.seed(), workload_->WallMicros());
  const std::optional<SequenceNumber> last =
      CheckDisk(*disk, machine, workload_->history().floor(), NameOf(recipe.loss));
  disk->SetObserver({});
  ++images_;
  // What a second recovery finds of a salvage with holes, no report tells.
  if (!last) return;
  for (const auto& cut : cuts) {
    Machine again(*cut, run_.seed(), workload_->WallMicros());
    (void)CheckDisk(*cut, again, workload_->history().floor(),
                    "a second power cut during the recovery");
    ++images_;
    ++nested_;
  }
  CheckNoOrphans(*disk, machine);
  CheckCopies(*disk, random);
  if (random.OneIn(workload_->copies().under_way() ? 4 : 64)) {
    return CheckNextBackup(*disk, machine, *last);
  }
  CheckAfterwards(*disk, machine, *last, random);
}

// As the workload's settings say.
Result<void> Explorer::OpenImage(Machine& machine) {
  const DatabaseConfig config = workload_->config_after_crash();
  if (config.wal_recovery_mode == WalRecoveryMode::kSkipAnyCorrupt) return machine.Open(config);
  Result<void> opened = machine.OpenAfterTear(config);
  if (machine.refused_as_absolute()) run_.Count("opens_refused_as_absolute");
  return opened;
}

// A salvage takes whole frames of what was not durable from behind a torn one, and says what is
// missing between them: everything else must be there.
void Explorer::CheckSalvaged(const Engine& engine, SequenceNumber least, const char* what) {
  run_.Count("salvages_with_holes");
  const RecoveryReport& report = engine.recovery_report();
  const Result<History> salvaged = workload_->history().Without(report.losses);
  std::string wrong =
      salvaged ? salvaged->Check(engine, report.last_sequence, least) : salvaged.error().ToString();
  if (wrong.empty()) return;
  for (const std::string& loss : report.losses) wrong += "; " + loss;
  Fail(std::string(what) + ": salvaged: " + wrong);
}

std::optional<SequenceNumber> Explorer::CheckDisk(io::MemoryFileSystem& disk, Machine& machine,
                                                  SequenceNumber least, const char* what) {
  Result<void> opened = OpenImage(machine);
  if (!opened && opened.error().code() == ErrorCode::kNoSpace) {
    // A full disk may refuse the open, but what is on it has to be as good as before.
    run_.Count("opens_refused_by_a_full_disk");
    disk.SetFreeBytes(kPlenty);
    opened = OpenImage(machine);
  }
  if (!opened) {
    Fail(std::string(what) + ": does not open: " + opened.error().ToString());
    return std::nullopt;
  }
  const RecoveryReport& report = machine.engine().recovery_report();
  const DatabaseConfig& config = workload_->config();
  if (config.wal_recovery_mode == WalRecoveryMode::kSkipAnyCorrupt && !report.losses.empty()) {
    CheckSalvaged(machine.engine(), least, what);
    return std::nullopt;
  }
  if (!report.losses.empty()) {
    Fail(std::string(what) + ": reports a loss: " + report.losses.front());
  }
  const std::string wrong =
      workload_->history().Check(machine.engine(), report.last_sequence, least);
  if (!wrong.empty()) {
    Fail(std::string(what) + ": " + wrong);
    return std::nullopt;
  }
  return report.last_sequence;
}

// An open for reading sees what an open for writing recovers, and changes nothing.
void Explorer::CheckReadOnly(io::MemoryFileSystem& disk) {
  bool changed = false;
  disk.SetObserver([&] { changed = true; });
  Machine machine(disk, run_.seed(), workload_->WallMicros());
  const Result<void> opened = machine.Open({}, OpenMode::kReadOnly);
  if (!opened && opened.error().code() != ErrorCode::kNotFound) {
    Fail("does not open for reading: " + opened.error().ToString());
  }
  if (opened) {
    const History& history = workload_->history();
    const SequenceNumber last = machine.engine().recovery_report().last_sequence;
    const std::string wrong = history.Check(machine.engine(), last, history.floor());
    if (!wrong.empty()) Fail("opened for reading: " + wrong);
  } else if (workload_->history().floor() != 0) {
    Fail("lost: there is no database any more");
  }
  machine.TurnOff();
  disk.SetObserver({});
  if (changed) Fail("an open for reading changed the disk");
  run_.Count("opened_for_reading");
}

// What an open has recovered is durable (P5, P6): another cut at once changes nothing. And the
// survivor is a database like any other.
void Explorer::CheckAfterwards(io::MemoryFileSystem& disk, Machine& machine, SequenceNumber last,
                               Random& random) {
  if (random.OneIn(4)) {
    const auto again = disk.CrashImage(random.OneIn(2) ? nullptr : &random);
    Machine second(*again, run_.seed(), workload_->WallMicros());
    const std::optional<SequenceNumber> found =
        CheckDisk(*again, second, last, "a second power cut after the recovery");
    if (found && *found != last) {
      Fail("recovered up to " + std::to_string(last) + ", after another power cut up to " +
           std::to_string(*found));
    }
    ++images_;
  }
  if (!random.OneIn(16)) return;
  disk.SetFreeBytes(kPlenty);
  const DatabaseConfig config = ForExisting(workload_->config());
  std::string key = "zz-probe";
  std::string value(config.value_width_bytes, 'p');
  const auto put = testing::PutInto(machine.engine(), key, value, {.wal_mode = WalMode::kSync});
  if (!put || *put != last + 1) {
    return Fail("the survivor takes no write: " +
                (put ? "sequence " + std::to_string(*put) : put.error().ToString()));
  }
  const auto cut = disk.CrashImage(nullptr);
  Machine survivor(*cut, run_.seed(), workload_->WallMicros());
  if (const Result<void> opened = survivor.Open(config); !opened) {
    return Fail("the survivor does not open again: " + opened.error().ToString());
  }
  const auto found = testing::GetFrom(survivor.engine(), key);
  if (!found || !*found || **found != value) Fail("the survivor lost a synced write");
  ++images_;
  run_.Count("survivors_written_to");
}

}  // namespace quiver::torture
