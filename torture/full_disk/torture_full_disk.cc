// torture-full_disk (T11): a full disk stops writes and nothing else, again and again.
//
// Goal: over many cycles of full and free again, in every log mode and strategy: writes are refused
// with no_space, reads stay right, writes resume by themselves when there is room, nothing
// acknowledged is lost, and an open on a full disk works or says why.
//
// Method: the database lies on a tmpfs of fixed size. Its process writes from four threads and
// tries a refused batch again every 2 ms. This program fills the disk with a ballast file to within
// a random number of bytes, waits until every writer is refused, scans and looks up everything
// beside the refused writers, removes the ballast and waits for each writer's next acknowledgement.
// One cycle in four kills the process while the disk is full and opens it there; one in four closes
// it instead. The rows grow; in half of Quiver's databases they are overwritten again and again.
// The peers do the same, sync, async and with the strictest options, in kPeerShare of the time;
// those that do not resume are opened again, which is counted.
//
// Oracle: engines/oracle.h, without any loss. While writers run, a scan may hold their newest
// batches in any state, so the comparison is made when they are stopped.
//
// What it cannot see: file systems that promise space and take it back; quotas.
//
// Plan: "case=N" repeats the N-th database of this seed until it fails; the odd ones are the
// peers'.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "engines/engine_child.h"
#include "engines/mounted.h"
#include "harness/torture_run.h"
#include "quiver/config.h"

namespace quiver::torture {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kDiskBytes = std::uint64_t{48} << 20;
constexpr std::uint64_t kCyclesPerDatabase = 6;
// So many that the rows of one database do not come back to the first: they grow until the disk is
// full. An engine that overwrites the same pages would never need more room.
constexpr std::uint32_t kGrowingSlots = 12'288;
// What counts as a hang, however slow the machine.
constexpr milliseconds kPatience{120'000};
// The peers are given this long to write again by themselves, and to refuse.
constexpr milliseconds kPeerResume{2'000};
constexpr milliseconds kRefusal{60'000};
constexpr milliseconds kPeerRefusal{10'000};
constexpr double kPeerShare = 0.5;  // of the time

struct Case {
  std::uint64_t number = 0;
  ChildCommand command;
  std::string label;
  std::uint32_t slots = 0;  ///< of each writer
  bool is_quiver() const { return command.engine == "quiver"; }
};

// Even numbers are Quiver's.
Case MakeCase(std::uint64_t number) {
  Case made{.number = number};
  EngineConfig& config = made.command.config;
  const std::uint64_t turn = number / 2;
  if (number % 2 == 1) {
    const PeerCase& peer = PeerCases()[turn % PeerCases().size()];
    made.command.engine = peer.engine;
    config.durability = peer.durability;
    config.checks = peer.checks;
    made.label = peer.label;
    made.slots = kGrowingSlots;
  } else {
    made.command.engine = "quiver";
    made.slots = turn / 4 % 2 == 0 ? kGrowingSlots : Workload().slots;
    config.durability = static_cast<Durability>(turn % 3);
    const auto strategy = static_cast<CompactionStrategyKind>((turn + turn / 3) % 4);
    const auto memtable = static_cast<MemtableKind>((turn + turn / 8) % 8);
    config.settings = {{"compaction_strategy", std::string(CompactionStrategyName(strategy))},
                       {"memtable_kind", std::string(MemtableKindName(memtable))},
                       {"disk_reserve_bytes", turn % 2 == 0 ? "0" : "2097152"}};
    made.label = "quiver_" + std::string(DurabilityName(config.durability));
  }
  return made;
}

class FullDisk {
 public:
  FullDisk(TortureRun& run, const Case& test, const SmallDisk& disk)
      : run_(run),
        case_(test),
        disk_(disk),
        random_(run.seed() * 31'337 + test.number),
        oracle_({.seed = run.seed() * 1000 + test.number, .slots = test.slots}) {
    case_.command.config.directory = disk.path() / "db";
  }

  void Run() {
    run_.Doing("case=" + std::to_string(case_.number));
    Start();
    for (std::uint64_t i = 0; i < kCyclesPerDatabase && healthy_ && run_.TimeLeft(); ++i) {
      RunCycle();
    }
    if (healthy_) StopAndCompare();
    child_ = nullptr;
  }

 private:
  using Clock = EngineChild::Clock;

  void Fault(const std::string& kind, const std::string& what) {
    run_.Count(case_.label + "_" + kind);
    healthy_ = false;
    if (!case_.is_quiver()) return run_.Note(case_.label + ": " + what);
    std::string settings;
    for (const auto& [name, value] : case_.command.config.settings) {
      settings += " " + name + "=" + value;
    }
    run_.Fail("case=" + std::to_string(case_.number), case_.label + settings + ": " + what);
  }

  void Compare(const Opened& opened) {
    if (opened.ended || !opened.error.empty()) {
      return Fault("unreadable", opened.hung    ? "the scan hangs"
                                 : opened.ended ? "the process ended by itself"
                                                : opened.error);
    }
    const Verdict verdict = oracle_.Check(opened.rows, {});
    run_.Count(case_.label + "_lost_writes", static_cast<double>(verdict.lost_writes));
    run_.Count("acknowledged_writes_checked", static_cast<double>(oracle_.acknowledged_count()));
    const std::string faults = FaultsOf(verdict, opened);
    if (!faults.empty()) Fault("broken_rules", faults);
    oracle_.Adopt(verdict);
  }

  // Starts on an empty disk or one with room: everything must work.
  void Start() {
    auto child = EngineChild::Start(case_.command);
    if (!child) return Fault("not_started", child.error().ToString());
    child_ = std::move(*child);
    Compare(ReadState(*child_, oracle_.workload(), kPatience));
    if (healthy_) child_->Send(WriteCommand(oracle_));
  }

  // Takes messages until `done` says so; false if the deadline or the child's end came first.
  template <typename Done>
  bool TakeUntil(Clock::time_point deadline, Done&& done) {
    Message message;
    for (;;) {
      const EngineChild::End end = child_->Next(deadline, message);
      if (end == EngineChild::End::kEnded) {
        Fault("died", "the process ended by itself");
        return false;
      }
      if (end == EngineChild::End::kTimeout) return false;
      if (message.head.kind == MessageKind::kAcknowledged) {
        oracle_.Acknowledged(AcknowledgementOf(message.head));
      } else if (message.head.kind == MessageKind::kRefused) {
        CheckRefusal(message);
      }
      if (done(message.head)) return true;
    }
  }

  void CheckRefusal(const Message& message) {
    run_.Count(case_.label + "_refused_writes");
    if (message.head.code == static_cast<std::uint32_t>(ErrorCode::kNoSpace)) return;
    if (case_.is_quiver()) Fault("wrong_errors", "not no_space: " + message.text);
  }

  // Each writer has been heard of `kind` once.
  bool AwaitEachWriter(MessageKind kind, milliseconds patience) {
    std::vector<bool> heard(oracle_.workload().writers, false);
    std::size_t left = heard.size();
    return TakeUntil(Clock::now() + patience, [&](const MessageHead& head) {
      if (head.kind == kind && !heard[head.writer]) {
        heard[head.writer] = true;
        --left;
      }
      return left == 0;
    });
  }

  std::filesystem::path Ballast() const { return disk_.path() / "ballast"; }

  // Takes all space but a random rest; grows as long as the writers find room elsewhere.
  bool Fill() {
    const std::uint64_t rest = random_.OneIn(2) ? 0 : random_.Below(300 << 10);
    const auto deadline = Clock::now() + (case_.is_quiver() ? kRefusal : kPeerRefusal);
    while (Clock::now() < deadline && healthy_) {
      const std::uint64_t room = disk_.FreeBytes();
      if (room > rest) GrowBallast(room - rest);
      if (AwaitEachWriter(MessageKind::kRefused, milliseconds(200))) return true;
    }
    if (healthy_) Fault("never_refused", "the disk is full, and writes are still acknowledged");
    return false;
  }

  void GrowBallast(std::uint64_t bytes) const {
    const int fd = ::open(Ballast().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    const off_t size = ::lseek(fd, 0, SEEK_END);
    // The engine may have taken the space meanwhile: then the disk is as full as it gets.
    (void)!::posix_fallocate(fd, size, static_cast<off_t>(bytes));
    ::close(fd);
  }

  void RunCycle() {
    if (!AwaitEachWriter(MessageKind::kAcknowledged, kPatience)) {
      if (healthy_) Fault("stalled", "with room on the disk no write is acknowledged");
      return;
    }
    if (!Fill()) return;
    run_.Count(case_.label + "_cycles");
    if (case_.is_quiver()) run_.Count("quiver_cycles");
    switch (random_.Below(4)) {
      case 0: KillAndOpenFull(); break;
      case 1: CloseAndOpenFull(); break;
      default: ReadWhileFull(); break;
    }
    if (!healthy_) return;
    std::filesystem::remove(Ballast());
    if (child_ == nullptr) return Start();
    AwaitResume();
  }

  // Writers stop, everything is compared, and they go on against the full disk.
  void ReadWhileFull() {
    run_.Count("reads_on_a_full_disk");
    StopAndCompare();
    if (healthy_) child_->Send(WriteCommand(oracle_));
  }

  void StopAndCompare() {
    child_->Send("stop");
    const bool stopped = TakeUntil(Clock::now() + kPatience, [](const MessageHead& head) {
      return head.kind == MessageKind::kDone;
    });
    if (!stopped) {
      if (healthy_) Fault("hangs", "the writers do not end");
      return;
    }
    const std::vector<std::uint64_t> newest = oracle_.newest();
    Compare(ReadState(*child_, oracle_.workload(), kPatience, /*wait_for_open=*/false));
    // No write is in flight, and of a refused one nothing may be there.
    if (healthy_ && oracle_.newest() != newest) {
      Fault("refused_writes_kept", "a write that was refused, and not tried again, is there");
    }
  }

  void KillAndOpenFull() {
    run_.Count("kills_on_a_full_disk");
    child_->Kill();
    Message message;
    while (child_->Next(Clock::now() + kPatience, message) == EngineChild::End::kMessage) {
      if (message.head.kind == MessageKind::kAcknowledged) {
        oracle_.Acknowledged(AcknowledgementOf(message.head));
      }
    }
    child_ = nullptr;
    OpenFull();
  }

  void CloseAndOpenFull() {
    run_.Count("closes_on_a_full_disk");
    StopAndCompare();
    if (!healthy_) return;
    child_->Send("close");  // may fail for want of space; nothing may be lost by it
    (void)TakeUntil(Clock::now() + kPatience, [](const MessageHead& head) {
      return head.kind == MessageKind::kDone || head.kind == MessageKind::kError;
    });
    child_->Kill();
    child_ = nullptr;
    OpenFull();
  }

  // Works, or says that there is no space. Either way the next start, with room, finds everything.
  void OpenFull() {
    if (!healthy_) return;
    auto child = EngineChild::Start(case_.command);
    if (!child) return Fault("not_started", child.error().ToString());
    const Opened opened = ReadState(**child, oracle_.workload(), kPatience);
    if (opened.ended) {
      return Fault("broken_opens", opened.hung ? "the open on a full disk hangs"
                                               : "the open on a full disk kills the process");
    }
    if (opened.error.empty()) {
      run_.Count(case_.label + "_opens_on_a_full_disk");
      return Compare(opened);
    }
    run_.Count(case_.label + "_refused_opens_on_a_full_disk");
    if (case_.is_quiver() && opened.error_code != static_cast<std::uint32_t>(ErrorCode::kNoSpace)) {
      Fault("wrong_errors", "the open on a full disk does not say no_space: " + opened.error);
    }
  }

  void AwaitResume() {
    const auto start = Clock::now();
    if (AwaitEachWriter(MessageKind::kAcknowledged, case_.is_quiver() ? kPatience : kPeerResume)) {
      run_.Count(case_.label + "_resumed");
      run_.Max(case_.label + "_resume_ms_max",
               std::chrono::duration<double, std::milli>(Clock::now() - start).count());
      return;
    }
    if (!healthy_) return;
    if (case_.is_quiver()) return Fault("not_resumed", "there is room, and writes are refused");
    run_.Count(case_.label + "_not_resumed");
    StopAndCompare();
    child_ = nullptr;
    if (healthy_) Start();
  }

  TortureRun& run_;
  Case case_;
  const SmallDisk& disk_;
  Random random_;
  Oracle oracle_;
  std::unique_ptr<EngineChild> child_;
  bool healthy_ = true;
};

/// False if no disk can be mounted.
bool RunCase(TortureRun& run, std::uint64_t number) {
  auto disk = SmallDisk::Mount(
      "/dev/shm/quiver-full-disk-" + std::to_string(::getpid()) + "-" + std::to_string(number),
      kDiskBytes);
  if (!disk) {
    run.Skip(disk.error().ToString());
    return false;
  }
  FullDisk(run, MakeCase(number), **disk).Run();
  run.Count("databases");
  return true;
}

}  // namespace

int Main(int argc, char** argv) {
  TortureRun run("full_disk", argc, argv);
  if (::geteuid() != 0) {
    run.Skip("needs root, to mount a tmpfs of a fixed size");
    return run.Finish();
  }
  if (run.plan().starts_with("case=")) {
    const std::uint64_t number = std::strtoull(run.plan().c_str() + 5, nullptr, 10);
    if (number % 2 == 1 && PeerCases().empty()) {
      run.Skip("this build has no peers");
      return run.Finish();
    }
    while (run.TimeLeft() && run.violations() == 0 && RunCase(run, number)) {
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
    if (!RunCase(run, number)) break;
    number += 2;
    if (peer) peer_seconds += run.Elapsed() - start;
  }
  return run.Finish();
}

}  // namespace quiver::torture

int main(int argc, char** argv) {
  return quiver::torture::Main(argc, argv);
}
