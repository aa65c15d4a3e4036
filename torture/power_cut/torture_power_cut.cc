// torture-power_cut (T8): what the contract says survives a power cut survives one on real file
// systems.
//
// Goal: writes lost beyond the contract (docs/guarantees.md) = 0 on ext4 ordered, ext4 writeback,
// ext4 without journal, and xfs: nothing in mode sync, at most wal_batch_bytes in mode batch,
// always a suffix in batch and async, and never what a later durable write covered.
//
// Method: a file system on a loop device over a file in memory holds one database for each log
// mode; each has a process with four writers. At a random moment (one time in eight while they
// open) FS_IOC_SHUTDOWN stops everything between file system and device, with or without writing
// the journal first; the processes are killed, the file system is unmounted, checked where it has
// no journal, and mounted again, and each database is opened, read and judged. It then goes on from
// what was found, so that later cuts meet the remains of earlier ones. In every second turn the
// databases are the peers': sync, async, or sync with the strictest options. A peer's database that
// broke makes place for a new one.
//
// Oracle: engines/oracle.h. Each database counts as one cut, since each is verified; `cuts` counts
// the file system's.
//
// What it cannot see: writes that the device reordered or tore after it got them, since a loop
// device keeps what it got; the simulated disk of the crash explorer has those.
//
// What a file system cannot do here, and what it did not come to, is left out with the reason, and
// then a long run counts as skipped.
//
// Plan: "turn=N" repeats the N-th turn (file system and options) of this seed until it fails.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "engines/engine_child.h"
#include "engines/mounted.h"
#include "harness/small_config.h"
#include "harness/torture_run.h"
#include "quiver/config.h"

namespace quiver::torture {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kCutsPerTurn = 20;
constexpr milliseconds kPatience{120'000};
constexpr std::uint64_t kBatchBytes = 16 << 10;

struct Victim {
  ChildCommand command;
  std::string label;  ///< quiver_sync, rocksdb_async, …
  Contract contract;
  Oracle oracle;
  std::unique_ptr<EngineChild> child;
  bool healthy = true;
};

constexpr std::uint64_t kPeerVariants = 3;
std::uint64_t VariantOf(const PeerCase& peer) {
  if (peer.checks == Checks::kStrictest) return 2;
  return peer.durability == Durability::kAsync ? 1 : 0;
}

EngineConfig QuiverConfig(Durability durability, std::uint64_t number) {
  EngineConfig config;
  config.durability = durability;
  config.settings = SmallSettings(number);
  for (auto& [name, value] : config.settings) {
    if (name == "wal_batch_bytes") value = std::to_string(kBatchBytes);  // of the contract
  }
  return config;
}

class Turn {
 public:
  Turn(TortureRun& run, std::uint64_t number, const DiskKind& kind)
      : run_(run), number_(number), kind_(kind), random_(run.seed() * 7919 + number) {}

  /// False if this file system cannot be made here.
  bool Run() {
    run_.Doing("turn=" + std::to_string(number_));
    // In memory, whatever --dir says: only there a cycle is short.
    const std::filesystem::path directory =
        "/dev/shm/quiver-power-cut-" + std::to_string(::getpid());
    auto disk = CuttableDisk::Make(kind_, directory);
    if (!disk) {
      run_.LeaveOut(kind_.name, disk.error().ToString());
      return false;
    }
    disk_ = std::move(*disk);
    MakeVictims();
    for (std::uint64_t i = 0; i < kCutsPerTurn && run_.TimeLeft() && powered_; ++i) RunCut();
    if (powered_) {
      StartAll();
      VerifyAll();
    }
    victims_.clear();
    return powered_;
  }

 private:
  void MakeVictims() {
    const std::uint64_t turn = number_ / 2;  // of those with Quiver, or with the peers
    if (number_ % 2 == 1) {
      for (const PeerCase& peer : PeerCases()) {
        if (VariantOf(peer) != turn % kPeerVariants) continue;
        AddVictim(peer.engine, peer.label, {.durability = peer.durability, .checks = peer.checks});
      }
      if (!victims_.empty()) return;
    }
    for (const Durability mode : {Durability::kSync, Durability::kBatch, Durability::kAsync}) {
      AddVictim("quiver", "quiver_" + std::string(DurabilityName(mode)),
                QuiverConfig(mode, 3 * turn + victims_.size()));
    }
  }

  void AddVictim(const std::string& engine, const std::string& label, EngineConfig config) {
    config.directory = disk_->path() / ("db" + std::to_string(victims_.size()));
    Contract contract{.may_lose = config.durability != Durability::kSync};
    if (config.durability == Durability::kBatch) contract.lost_bytes_max = kBatchBytes;
    victims_.push_back(MakeVictim({.engine = engine, .config = config}, label, contract));
  }

  std::unique_ptr<Victim> MakeVictim(const ChildCommand& command, const std::string& label,
                                     const Contract& contract) {
    const std::uint64_t seed = run_.seed() * 100'000 + number_ * 1000 + made_++;
    return std::make_unique<Victim>(Victim{.command = command,
                                           .label = label,
                                           .contract = contract,
                                           .oracle = Oracle({.seed = seed})});
  }

  // A peer that broke would not be tried again in this turn: it starts anew, from nothing.
  void ReplaceBrokenPeers() {
    for (auto& victim : victims_) {
      if (victim->healthy || victim->command.engine == "quiver") continue;
      std::error_code ignored;
      std::filesystem::remove_all(victim->command.config.directory, ignored);
      victim = MakeVictim(victim->command, victim->label, victim->contract);
      run_.Count(victim->label + "_started_anew");
    }
  }

  void Fault(Victim& victim, const std::string& kind, const std::string& what) {
    run_.Count(victim.label + "_" + kind);
    run_.Count(victim.label + "_" + kind + "_" + kind_.name);
    victim.healthy = false;
    if (victim.command.engine != "quiver") {
      return run_.Note(victim.label + " on " + kind_.name + ": " + what);
    }
    std::string settings;
    for (const auto& [name, value] : victim.command.config.settings) {
      settings += " " + name + "=" + value;
    }
    run_.Fail("turn=" + std::to_string(number_),
              victim.label + " on " + kind_.name + ":" + settings + ": " + what);
  }

  void StartAll() {
    for (const auto& victim : victims_) {
      if (!victim->healthy) continue;
      auto child = EngineChild::Start(victim->command);
      if (!child) {
        Fault(*victim, "not_started", child.error().ToString());
        continue;
      }
      victim->child = std::move(*child);
    }
  }

  void VerifyAll() {
    for (const auto& victim : victims_) {
      if (victim->child != nullptr) Verify(*victim);
    }
  }

  void Verify(Victim& victim) {
    const Opened opened = ReadState(*victim.child, victim.oracle.workload(), kPatience);
    if (opened.ended || !opened.error.empty()) {
      const std::string what = opened.hung ? "hangs" : opened.ended ? "died" : opened.error;
      Fault(victim, "refused_opens", "after a power cut: " + what);
      victim.child = nullptr;
      return;
    }
    const Verdict verdict = victim.oracle.Check(opened.rows, victim.contract);
    run_.Count("acknowledged_writes_checked",
               static_cast<double>(victim.oracle.acknowledged_count()));
    run_.Count(victim.label + "_lost_writes", static_cast<double>(verdict.lost_writes));
    run_.Max(victim.label + "_lost_bytes_max", static_cast<double>(verdict.lost_bytes));
    run_.Count(victim.label + "_wrong_rows", static_cast<double>(verdict.wrong_rows));
    const std::string faults = FaultsOf(verdict, opened);
    if (!faults.empty()) Fault(victim, "broken_rules", faults);
    victim.oracle.Adopt(verdict);
    if (!victim.healthy) victim.child = nullptr;
  }

  void RunCut() {
    ReplaceBrokenPeers();
    StartAll();
    if (random_.OneIn(8)) {
      run_.Count("cuts_during_open");
      ::usleep(static_cast<useconds_t>(random_.Below(12'000)));
    } else {
      VerifyAll();
      for (const auto& victim : victims_) {
        if (victim->child != nullptr) victim->child->Send(WriteCommand(victim->oracle));
      }
      ::usleep(static_cast<useconds_t>(500 + random_.Below(25'000)));
    }
    const bool flush_log = random_.OneIn(3);
    const auto cut_at = EngineChild::Clock::now();
    const Result<void> cut = disk_->CutPower(flush_log);
    for (const auto& victim : victims_) Collect(*victim, cut_at);
    const Result<void> on = cut.ok() ? disk_->PowerOn() : cut;
    if (!on) {
      powered_ = false;
      run_.LeaveOut(kind_.name, on.error().ToString());
      return;
    }
    run_.Count("cuts");
    run_.Count("cuts_" + kind_.name);
    run_.Count(flush_log ? "cuts_with_journal_flush" : "cuts_without_journal_flush");
  }

  // The child should die with the power and lives a little longer: what it acknowledged after the
  // cut began nobody could have seen, so it may be there or not. The rest is in the pipe.
  void Collect(Victim& victim, EngineChild::Clock::time_point cut_at) {
    if (victim.child == nullptr) return;
    victim.child->Kill();
    run_.Count(victim.label + "_cuts");
    if (victim.command.engine == "quiver") run_.Count("quiver_database_cuts");
    Message message;
    const auto deadline = EngineChild::Clock::now() + kPatience;
    while (victim.child->Next(deadline, message) == EngineChild::End::kMessage) {
      if (message.head.kind != MessageKind::kAcknowledged) continue;
      const Acknowledgement write = AcknowledgementOf(message.head);
      if (EngineChild::TimeOf(write.end_ns) < cut_at) {
        victim.oracle.Acknowledged(write);
      } else {
        victim.oracle.Begun(write);
        run_.Count("acknowledged_after_the_cut_began");
      }
    }
    victim.child = nullptr;
  }

  TortureRun& run_;
  const std::uint64_t number_;
  const DiskKind kind_;
  Random random_;
  std::unique_ptr<CuttableDisk> disk_;
  std::vector<std::unique_ptr<Victim>> victims_;
  std::uint64_t made_ = 0;  ///< databases, for their seeds
  bool powered_ = true;
};

}  // namespace

int Main(int argc, char** argv) {
  TortureRun run("power_cut", argc, argv);
  if (::geteuid() != 0) {
    run.Skip("needs root, to mount file systems on loop devices and shut them down");
    return run.Finish();
  }
  const std::vector<DiskKind>& kinds = DiskKinds();
  std::uint64_t first = 0;
  const bool planned = run.plan().starts_with("turn=");
  if (planned) first = std::strtoull(run.plan().c_str() + 5, nullptr, 10);
  const std::size_t kind_count = kinds.size();
  std::vector<bool> usable(kind_count, true);
  std::vector<bool> tried(kind_count, false);
  for (std::uint64_t number = first; run.TimeLeft(); number += planned ? 0 : 1) {
    // The peers take every second turn: shifted, so that they meet each file system.
    const std::size_t kind = (number + number / kind_count) % kind_count;
    if (usable[kind]) usable[kind] = Turn(run, number, kinds[kind]).Run();
    tried[kind] = true;
    if (planned && run.violations() != 0) break;
    if (std::find(usable.begin(), usable.end(), true) == usable.end()) {
      run.Skip("no file system could be mounted on a loop device and shut down; see left_out");
      break;
    }
    if (planned && !usable[kind]) break;
  }
  std::size_t count = 0;
  for (std::size_t i = 0; i < kind_count; ++i) {
    count += usable[i] && tried[i] ? 1 : 0;
    if (!tried[i] && !planned) run.LeaveOut(kinds[i].name, "the time was over before its turn");
  }
  run.Set("file_systems", static_cast<double>(count));
  return run.Finish();
}

}  // namespace quiver::torture

int main(int argc, char** argv) {
  return quiver::torture::Main(argc, argv);
}
