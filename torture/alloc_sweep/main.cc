// Goal (T4 of the plan): when memory runs out the process ends, as include/quiver/database.h and
// docs/decisions/0002-errors.md say, and it ends well: by std::terminate, never by a hang or a
// crash elsewhere, and the next open finds everything that was acknowledged.
//
// Method: this program has its own operator new. A child opens a database in a real directory,
// writes rows in all log modes from one thread
// (to two keyspaces at once, in one of them as a put and a merge behind a range delete), flushes,
// compacts, reads and closes; its M-th allocation fails, alone or with all that follow. Each
// acknowledgement goes to the parent through a pipe. The parent then opens the database and checks.
// First M walks over the workload in equal strides, then at random. Before that every public
// interface does a small work of its own (interfaces.h), and each of its allocations fails, in ever
// finer strides until all have or the time is over.
//
// Oracle: the child ended by SIGABRT, or finished its work because it needed fewer allocations (a
// container that tried to allocate may have had another way). Then rows 1 to k are there with their
// values, no hole, k at least what was acknowledged (a killed process loses nothing in any mode).
//
// Cannot see: memory that does not come from operator new (malloc in zstd and LZ4, huge pages), the
// kernel's out-of-memory killer (that is SIGKILL, T7).
//
//   torture-alloc_sweep --plan M:ALONE
//   torture-alloc_sweep --plan INTERFACE:M:ALONE
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "alloc_sweep/failing_allocator.h"
#include "alloc_sweep/interfaces.h"
#include "base/random.h"
#include "base/try.h"
#include "harness/torture_run.h"
#include "quiver/database.h"

namespace quiver::torture {
namespace {

constexpr std::uint64_t kRows = 240;
constexpr std::uint64_t kNever = ~std::uint64_t{0} - 1;  // an allocation that no workload reaches
constexpr unsigned kHangSeconds = 60;
constexpr std::string_view kHalves = "halves";
constexpr std::uint64_t kFarAwayUs = 4'102'444'800'000'000;  // the year 2100

DatabaseConfig Config() {
  DatabaseConfig config;
  config.memory_limit_bytes = std::uint64_t{26} << 20;
  config.memtable_size_bytes = 16U << 10;
  config.table_size_bytes = 16U << 10;
  config.level_base_bytes = 32U << 10;
  config.block_size_bytes = 1024;
  config.value_chunk_bytes = 1024;
  config.disk_reserve_bytes = 0;
  config.merge_operator = MergeOperatorKind::kAppend;
  return config;
}

std::string Key(std::uint64_t number) {
  return "row" + std::to_string(number);
}
std::string Value(std::uint64_t number) {
  return std::to_string(number) + std::string(number * 37 % 300, 'v');
}

struct Message {
  std::uint64_t acknowledged;
  std::uint64_t allocations;
};

void Tell(int pipe_end, std::uint64_t acknowledged) {
  const Message message{acknowledged, AllocationCount()};
  if (::write(pipe_end, &message, sizeof message) != sizeof message) ::_exit(3);
}

// Row `number` whole in the default keyspace, and in two halves, by a put and a merge behind a
// range delete, in another: one batch, so that both are there or neither.
Result<void> WriteRow(Database& db, const Keyspace& halves, std::uint64_t number) {
  const std::string key = Key(number);
  const std::string value = Value(number);
  const std::string_view half = std::string_view(value).substr(0, value.size() / 2);
  const EntryOptions here{.keyspace = &halves, .expiry_us = kFarAwayUs};
  WriteBatch batch;
  QUIVER_TRY(batch.Put(key, value));
  QUIVER_TRY(batch.DeleteRange(key, key + '\0', {.keyspace = &halves}));
  QUIVER_TRY(batch.Put(key, half, {.keyspace = &halves}));
  QUIVER_TRY(batch.Merge(key, std::string_view(value).substr(half.size()), here));
  const auto written = db.Write(batch, {.wal_mode = static_cast<WalMode>(number % 3)});
  if (!written) return written.error();
  return {};
}

// Database's methods are noexcept, so an allocation that fails in them ends the process; what
// fails out here in the child's own code ends it by the same way.
void Live(const std::filesystem::path& path, int pipe_end) noexcept {
  auto opened = Database::Open(path, Config());
  if (!opened) ::_exit(2);
  Database& db = **opened;
  auto halves = db.CreateKeyspace(kHalves, db.config());
  auto brief = db.CreateKeyspace("brief", db.config());
  if (!halves || !brief) ::_exit(2);
  for (std::uint64_t number = 1; number <= kRows; ++number) {
    if (!WriteRow(db, *halves, number)) ::_exit(2);
    Tell(pipe_end, number);
    if (number % 60 == 0 && !db.Flush()) ::_exit(2);
    if (number == kRows / 2 && !db.DropKeyspace(*brief)) ::_exit(2);
    if (number % 20 == 0 && !db.Get(Key(number / 2))) ::_exit(2);
  }
  if (!db.CompactRange() || !db.CompactRange({}, {}, &*halves)) ::_exit(2);
  auto rows = db.NewIterator();
  if (!rows) ::_exit(2);
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
  }
  if (!db.Close()) ::_exit(2);
  Tell(pipe_end, kRows);
}

struct Ending {
  Message last{0, 0};
  int status = 0;
};

// `live` ends the process; what it tells comes from the pipe.
template <typename Live>
Ending RunChild(const Live& live) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  const pid_t child = ForkWithParent();
  if (child == 0) {
    ::close(ends[0]);
    (void)!::freopen("/dev/null", "w", stderr);  // "terminate called…" a thousand times
    ::alarm(kHangSeconds);
    live(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  Ending ending;
  while (::read(ends[0], &ending.last, sizeof ending.last) == sizeof ending.last) {
  }
  ::close(ends[0]);
  ::waitpid(child, &ending.status, 0);
  return ending;
}

void Arm(std::uint64_t failing, bool alone) {
  if (alone) {
    FailOneAllocationAfter(failing);
  } else {
    FailAllocationsAfter(failing);
  }
}

std::string CheckDatabase(const std::filesystem::path& path, std::uint64_t acknowledged) {
  const auto db = Database::Open(path, Config());
  if (!db) return "does not open again: " + db.error().ToString();
  if (!(*db)->recovery_report().losses.empty()) return "reports a loss";
  const auto halves = (*db)->OpenKeyspace(kHalves);
  if (!halves) return acknowledged == 0 ? "" : "lost its keyspace: " + halves.error().ToString();
  bool ended = false;
  for (std::uint64_t number = 1; number <= kRows; ++number) {
    const auto value = (*db)->Get(Key(number));
    const auto joined = (*db)->Get(Key(number), {.keyspace = &*halves});
    if (!joined) return joined.error().ToString();
    if (value && (value->has_value() != joined->has_value() ||
                  (*value && (*value)->view() != (*joined)->view()))) {
      return "row " + std::to_string(number) + " differs between the keyspaces";
    }
    if (!value) return value.error().ToString();
    if (!*value) {
      if (number <= acknowledged) return "lost row " + std::to_string(number);
      ended = true;
    } else if (ended) {
      return "a hole before row " + std::to_string(number);
    } else if ((*value)->view() != Value(number)) {
      return "row " + std::to_string(number) + " is " + (*value)->ToString().substr(0, 40);
    }
  }
  return {};
}

// The child came to its end by std::terminate, or did not need what failed.
void JudgeEnding(TortureRun& run, const std::string& plan, const Ending& ending) {
  const bool aborted = WIFSIGNALED(ending.status) && WTERMSIG(ending.status) == SIGABRT;
  const bool finished = WIFEXITED(ending.status) && WEXITSTATUS(ending.status) == 0;
  if (!aborted && !finished) {
    run.Fail(
        plan,
        "the process ended with wait status " + std::to_string(ending.status) +
            (WIFSIGNALED(ending.status) && WTERMSIG(ending.status) == SIGALRM ? ": it hung" : ""));
  }
  run.Count(aborted ? "terminated" : "finished_all_the_same");
  run.Count("allocations_failed");
}

/// Answers the allocations that the child made.
std::uint64_t RunCase(TortureRun& run, std::uint64_t failing, bool alone) {
  const std::string plan = std::to_string(failing) + ":" + (alone ? "1" : "0");
  run.Doing(plan);
  const std::filesystem::path path = run.directory() / "db";
  std::filesystem::remove_all(path);
  const Ending ending = RunChild([&](int pipe_end) {
    Arm(failing, alone);
    Live(path, pipe_end);
  });
  JudgeEnding(run, plan, ending);
  const std::string wrong = CheckDatabase(path, ending.last.acknowledged);
  if (!wrong.empty()) run.Fail(plan, wrong);
  run.Count("rows_acknowledged", static_cast<double>(ending.last.acknowledged));
  return ending.last.allocations;
}

// One allocation of a workload of interfaces.h. Answers those that it made.
std::uint64_t RunInterface(TortureRun& run, const InterfaceWorkload& workload,
                           std::uint64_t failing, bool alone) {
  const std::string plan =
      std::string(workload.name) + ":" + std::to_string(failing) + ":" + (alone ? "1" : "0");
  run.Doing(plan);
  const Place base{run.directory() / "base"};
  if (!std::filesystem::exists(base.rows())) {
    if (const std::string wrong = MakePlace(base); !wrong.empty()) {
      run.Fail(plan, "nothing to begin with: " + wrong);
      return 0;
    }
  }
  const Place place{run.directory() / "place"};
  std::filesystem::remove_all(place.root);
  std::filesystem::copy(base.root, place.root, std::filesystem::copy_options::recursive);
  const Ending ending = RunChild([&](int pipe_end) {
    std::uint64_t acknowledged = 0;
    workload.run({.place = place,
                  .arm = [&] { Arm(failing, alone); },
                  .acknowledge =
                      [&](std::uint64_t pairs) {
                        acknowledged = pairs;
                        Tell(pipe_end, pairs);
                      }});
    Tell(pipe_end, acknowledged);
  });
  JudgeEnding(run, plan, ending);
  const std::string wrong = CheckPlace(place, ending.last.acknowledged);
  if (!wrong.empty()) run.Fail(plan, wrong);
  return ending.last.allocations;
}

// Every allocation of every interface, in ever finer strides, until `progress_end` of the time.
void SweepInterfaces(TortureRun& run, double progress_end) {
  struct Sweep {
    const InterfaceWorkload* workload;
    std::uint64_t total;
  };
  std::vector<Sweep> sweeps;
  for (const InterfaceWorkload& workload : InterfaceWorkloads()) {
    const std::uint64_t total = RunInterface(run, workload, kNever, true);
    sweeps.push_back({&workload, total});
    run.Count("interface_allocations", static_cast<double>(total));
  }
  run.Set("interfaces", static_cast<double>(sweeps.size()));
  constexpr std::uint64_t kCoarsest = std::uint64_t{1} << 12;
  for (std::uint64_t stride = kCoarsest; stride > 0; stride /= 2) {
    for (const Sweep& sweep : sweeps) {
      for (std::uint64_t at = 0; at < sweep.total; at += stride) {
        if (run.Progress() >= progress_end) return;
        if (stride != kCoarsest && at % (stride * 2) == 0) continue;  // of a coarser stride
        RunInterface(run, *sweep.workload, at, at / stride % 4 < 2);
        run.Count("interface_allocations_failed");
      }
    }
  }
}

int RunPlan(TortureRun& run) {
  std::string_view plan = run.plan();
  const InterfaceWorkload* chosen = nullptr;
  for (const InterfaceWorkload& workload : InterfaceWorkloads()) {
    if (plan.size() > workload.name.size() && plan.starts_with(workload.name) &&
        plan[workload.name.size()] == ':') {
      chosen = &workload;
    }
  }
  if (chosen != nullptr) plan.remove_prefix(chosen->name.size() + 1);
  char* end = nullptr;
  const std::uint64_t failing = std::strtoull(plan.data(), &end, 10);
  const bool alone = std::string_view(end) == ":1";
  if (chosen != nullptr) {
    RunInterface(run, *chosen, failing, alone);
  } else {
    RunCase(run, failing, alone);
  }
  return run.Finish();
}

int Main(int argc, char** argv) {
  TortureRun run("alloc_sweep", argc, argv);
  if (!run.plan().empty()) return RunPlan(run);
  SweepInterfaces(run, 0.6);
  const std::uint64_t total = RunCase(run, kNever, true);
  run.Set("allocations_in_workload", static_cast<double>(total));
  Random random(run.seed());
  for (std::uint64_t at = 0; at < total && run.Progress() < 0.85; at += 1 + total / 400) {
    RunCase(run, at, at / (1 + total / 400) % 2 == 0);
  }
  while (run.TimeLeft()) RunCase(run, random.Below(total), random.OneIn(2));
  return run.Finish();
}

}  // namespace
}  // namespace quiver::torture

int main(int argc, char** argv) {
  return quiver::torture::Main(argc, argv);
}
