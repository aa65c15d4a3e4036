// torture-kill (T7): an acknowledged write survives SIGKILL in every log mode, and a batch is
// whole.
//
// Goal: acknowledged writes lost = 0 over thousands of kills, in all three log modes, with every
// memtable and every compaction strategy; recoveries of killed recoveries included.
//
// Method: torture-engine-child writes from four threads and acknowledges each batch through a pipe
// after the engine did; this program kills it at a random moment (one time in eight during the
// open), starts it anew on the same directory, reads everything and judges it (engines/oracle.h).
// A database takes a few dozen kills, then a new one with the next options follows. With strace
// (T7b) the kill comes at the N-th of the system calls that change files. The peers run the same
// with default options, sync and async, and with their strictest checks, in kPeerShare of the time.
//
// Oracle: engines/oracle.h with a contract that allows no loss. For Quiver each broken rule, and an
// open or read that fails, is a violation; for the others it is counted.
//
// What it cannot see: what only a power cut loses, since the kernel keeps the pages
// (torture-power_cut).
//
// Plan: "case=N" runs the N-th database of this seed alone; the odd ones are the peers'. Threads
// and kill moments differ between runs: a violation may take several.
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "engines/engine_child.h"
#include "harness/small_config.h"
#include "harness/torture_run.h"
#include "quiver/config.h"

namespace quiver::torture {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint64_t kCyclesPerDatabase = 24;
constexpr double kPeerShare = 0.4;  // of the time
// What counts as a hang, however slow the machine.
constexpr milliseconds kPatience{120'000};
constexpr std::array kModes{Durability::kSync, Durability::kBatch, Durability::kAsync};
// What changes a file, as Quiver calls it.
constexpr std::string_view kInjected =
    "openat,pwrite64,pwritev2,fsync,fdatasync,renameat,renameat2,unlinkat,ftruncate,fallocate";

struct Case {
  std::uint64_t number = 0;
  ChildCommand command;
  std::string label;  ///< of figures: quiver_sync, rocksdb_strictest_async
  bool by_system_call = false;
  bool is_quiver() const { return command.engine == "quiver"; }
};

bool HasStrace() {
  return std::system("strace -f --seccomp-bpf -o /dev/null -e trace=fsync true >/dev/null 2>&1") ==
         0;
}

// Even numbers are Quiver's, over all modes and, in blocks of eight, the option matrix.
Case MakeCase(std::uint64_t number, bool has_strace) {
  Case made;
  made.number = number;
  EngineConfig& config = made.command.config;
  const std::uint64_t turn = number / 2;
  if (number % 2 == 1) {
    const PeerCase& peer = PeerCases()[turn % PeerCases().size()];
    made.command.engine = peer.engine;
    config.durability = peer.durability;
    config.checks = peer.checks;
    made.label = peer.label;
    return made;
  }
  made.command.engine = "quiver";
  config.durability = kModes[turn % kModes.size()];
  config.settings = SmallSettings(turn);
  made.label = "quiver_" + std::string(DurabilityName(config.durability));
  made.by_system_call = has_strace && turn % 4 == 3;
  return made;
}

class KillLoop {
 public:
  KillLoop(TortureRun& run, const Case& test)
      : run_(run),
        case_(test),
        random_(run.seed() * 1'000'003 + test.number),
        oracle_({.seed = run.seed() * 1000 + test.number}) {
    case_.command.config.directory = run.directory() / ("db" + std::to_string(test.number));
  }

  void Run() {
    run_.Doing("case=" + std::to_string(case_.number));
    const std::uint64_t cycles = case_.by_system_call ? kCyclesPerDatabase / 2 : kCyclesPerDatabase;
    for (std::uint64_t i = 0; i < cycles && run_.TimeLeft() && healthy_; ++i) RunCycle();
    if (healthy_) CheckOnce();
    std::error_code ignored;
    if (healthy_ || !case_.is_quiver()) {
      std::filesystem::remove_all(case_.command.config.directory, ignored);
    }
  }

 private:
  void Fault(const std::string& kind, const std::string& what) {
    run_.Count(case_.label + "_" + kind);
    healthy_ = false;
    if (!case_.is_quiver()) return run_.Note(Label() + ": " + what);
    run_.Fail("case=" + std::to_string(case_.number), Label() + ": " + what);
  }

  std::string Label() const {
    std::string label = case_.label;
    for (const auto& [name, value] : case_.command.config.settings)
      label += " " + name + "=" + value;
    return label + (case_.by_system_call ? ", killed at a system call" : "");
  }

  // Opens what the last kill left, judges it and takes it as the new state. False: the child is
  // gone, or its state is wrong.
  bool Verify(EngineChild& child) {
    const auto start = EngineChild::Clock::now();
    const Opened opened = ReadState(child, oracle_.workload(), kPatience);
    if (opened.hung) return Fault("hangs", "the open or the scan hangs"), false;
    if (opened.ended) return false;
    if (!opened.error.empty()) {
      return Fault("refused_opens", "after a kill: " + opened.error), false;
    }
    run_.Max(case_.label + "_open_and_scan_ms_max",
             std::chrono::duration<double, std::milli>(EngineChild::Clock::now() - start).count());
    const Verdict verdict = oracle_.Check(opened.rows, {});
    run_.Count("acknowledged_writes_checked", static_cast<double>(oracle_.acknowledged_count()));
    run_.Count(case_.label + "_lost_writes", static_cast<double>(verdict.lost_writes));
    const std::string faults = FaultsOf(verdict, opened);
    if (!faults.empty()) Fault("broken_rules", faults);
    oracle_.Adopt(verdict);
    return healthy_;
  }

  std::unique_ptr<EngineChild> Start(const std::vector<std::string>& wrapper) {
    ChildCommand command = case_.command;
    command.wrapper = wrapper;
    auto child = EngineChild::Start(command);
    if (child) return std::move(*child);
    Fault("not_started", child.error().ToString());
    return nullptr;
  }

  void RunCycle() {
    run_.Count(case_.label + "_kills");
    if (case_.is_quiver()) run_.Count("quiver_kills");
    if (case_.by_system_call) return RunInjectedCycle();
    const auto child = Start({});
    if (child == nullptr) return;
    if (random_.OneIn(8)) {  // before, in or just after the recovery
      run_.Count("kills_during_open");
      ::usleep(static_cast<useconds_t>(random_.Below(8000)));
      child->Kill();
      return;
    }
    if (!Verify(*child)) {
      if (healthy_) Fault("broken_rules", "the child ended by itself while it opened or scanned");
      return;
    }
    child->Send(WriteCommand(oracle_));
    Collect(*child, EngineChild::Clock::now() + microseconds(500 + random_.Below(30'000)));
    child->Kill();
    Collect(*child, EngineChild::Clock::now() + kPatience);
  }

  // Every acknowledgement until the deadline or the child's end.
  void Collect(EngineChild& child, EngineChild::Clock::time_point deadline) {
    Message message;
    while (child.Next(deadline, message) == EngineChild::End::kMessage) {
      if (message.head.kind == MessageKind::kAcknowledged) {
        oracle_.Acknowledged(AcknowledgementOf(message.head));
      } else if (message.head.kind == MessageKind::kRefused) {
        Fault("refused_writes", message.text);
      }
    }
  }

  // strace ends with the signal that its child got. Each thread counts its calls by itself, so N
  // reaches the flush and compaction threads as well.
  void RunInjectedCycle() {
    const std::uint64_t when = 1 + random_.Below(random_.OneIn(2) ? 24 : 200);
    const auto child =
        Start({"strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e",
               "trace=" + std::string(kInjected), "-e",
               "inject=" + std::string(kInjected) + ":signal=KILL:when=" + std::to_string(when)});
    if (child == nullptr) return;
    run_.Count("kills_at_a_system_call");
    if (!Verify(*child)) return;  // killed before it was open
    child->Send(WriteCommand(oracle_));
    Collect(*child, EngineChild::Clock::now() + milliseconds(400));
    child->Kill();  // fewer than N calls: strace dies, and the child with it
    Collect(*child, EngineChild::Clock::now() + kPatience);
  }

  void CheckOnce() {
    const auto child = Start({});
    if (child == nullptr) return;
    if (!Verify(*child)) {
      if (healthy_) Fault("broken_rules", "the child ended by itself at the last open");
      return;
    }
    child->Send("close");
    Message message;
    if (child->Next(EngineChild::Clock::now() + kPatience, message) != EngineChild::End::kMessage ||
        message.head.kind != MessageKind::kDone) {
      Fault("broken_rules", "close: " + message.text);
    }
  }

  TortureRun& run_;
  Case case_;
  Random random_;
  Oracle oracle_;
  bool healthy_ = true;
};

}  // namespace

int Main(int argc, char** argv) {
  TortureRun run("kill", argc, argv);
  const bool has_strace = HasStrace();
  run.Set("strace_works", has_strace ? 1 : 0);
  if (!has_strace) std::printf("kills at a system call: skipped, strace cannot trace here\n");
  if (run.plan().starts_with("case=")) {
    const std::uint64_t number = std::strtoull(run.plan().c_str() + 5, nullptr, 10);
    if (number % 2 == 1 && PeerCases().empty()) {
      run.Skip("this build has no peers");
      return run.Finish();
    }
    while (run.TimeLeft() && run.violations() == 0) {
      KillLoop(run, MakeCase(number, has_strace)).Run();
    }
    return run.Finish();
  }
  const double peer_share = PeerCases().empty() ? 0 : kPeerShare;
  std::uint64_t next = 0;       // Quiver's databases
  std::uint64_t next_peer = 1;  // the peers'
  for (double peer_seconds = 0; run.TimeLeft();) {
    const double start = run.Elapsed();
    const bool peer = peer_seconds < peer_share * start;
    std::uint64_t& number = peer ? next_peer : next;
    KillLoop(run, MakeCase(number, has_strace)).Run();
    run.Count("databases");
    number += 2;
    if (peer) peer_seconds += run.Elapsed() - start;
  }
  return run.Finish();
}

}  // namespace quiver::torture

int main(int argc, char** argv) {
  return quiver::torture::Main(argc, argv);
}
