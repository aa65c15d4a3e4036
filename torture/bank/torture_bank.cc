// torture-bank (T12): the total of all accounts never changes, however it is read.
//
// Goal: sums other than the constant = 0, changed snapshots = 0, over transfers by several threads
// beside flushes, compactions and log syncs, closes under work, SIGKILLs and reopenings.
//
// Method: accounts are rows; a transfer rewrites two of them, in one batch under locks of its own
// or, in half of the openings, in a transaction (transfer.h), and deletes a row that holds nothing
// any more. Each opening lives in a process of
// its own (bank_phase.h), which ends by a close, by a close while all threads are at work, or by
// SIGKILL at a random moment; then this process opens the database, sums, and holds every account
// against what was acknowledged. In a build with QUIVER_SCHEDULE_FUZZ each opening runs under a
// schedule of its own (base/schedule_point.h).
//
// Oracle: the constant; a row's version, between what was acknowledged before the read's state was
// fixed and what was issued after; a snapshot's rows, the same each time; a balance read under its
// account's lock, the one written last. After a close each account is exactly as acknowledged;
// after a kill at most one transfer further.
//
// What it cannot see: power cuts (torture-crash_explorer); the exact order of transfers
// (torture-linearizability).
//
// Plan: "case=N": the same settings, calls and, under the schedule fuzzer, schedules; the
// interleaving is the processor's, so the case is repeated until the time is over.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "bank/bank_phase.h"
#include "base/schedule_point.h"
#include "harness/small_config.h"
#include "harness/torture_run.h"

namespace quiver::torture {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kPhases = 6;
constexpr milliseconds kPatience{180'000};

class Bank {
 public:
  Bank(TortureRun& run, std::uint64_t number)
      : run_(run),
        number_(number),
        seed_(run.seed() * 1'000'003 + number),
        random_(seed_),
        directory_(run.directory() / ("db" + std::to_string(number))),
        config_(SmallConfig(number)) {}

  void Run() {
    run_.Doing("case=" + std::to_string(number_));
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
    Found();
    for (std::uint64_t phase = 0; phase < kPhases && !page_->broken(); ++phase) {
      RunPhase(phase);
      if (!page_->broken()) Audit();
    }
    Report();
    if (!page_->broken()) std::filesystem::remove_all(directory_, ignored);
  }

 private:
  void Found() {
    const auto opened = Database::Open(directory_, config_);
    if (!opened) return page_->Say("does not open: " + opened.error().ToString());
    WriteBatch batch;
    for (std::uint32_t account = 0; account < kAccounts; ++account) {
      if (!batch.Put(AccountKey(account), EncodeRow(account, {kStartBalance, 0}))) {
        return page_->Say("a batch takes no row");
      }
    }
    if (const auto done = (*opened)->Write(batch); !done) {
      page_->Say("the founding: " + done.error().ToString());
    }
  }

  void RunPhase(std::uint64_t number) {
    BankPhase phase;
    phase.directory = directory_;
    phase.config = config_;
    phase.seed = seed_ * kPhases + number;
    phase.schedule = kScheduleFuzz ? phase.seed + 1 : 0;
    phase.end = static_cast<BankPhase::End>(random_.Below(3));
    phase.duration_ms = 50 + random_.Below(200);
    phase.by_transactions = random_.OneIn(2);
    if (phase.by_transactions) run_.Count("phases_of_transactions");
    if (kScheduleFuzz) run_.Count("schedules");
    std::fflush(stdout);
    const pid_t child = ForkWithParent();
    if (child == 0) {
      phase.Run(*page_);
      ::_exit(0);
    }
    killed_ = phase.end == BankPhase::End::kKill;
    run_.Count(killed_                                        ? "kills"
               : phase.end == BankPhase::End::kCloseUnderWork ? "closes_under_work"
                                                              : "closes");
    if (killed_) {
      std::this_thread::sleep_for(milliseconds(random_.Below(phase.duration_ms)));
      if (!page_->broken()) ::kill(child, SIGKILL);
    }
    Await(child);
  }

  void Await(pid_t child) {
    int status = 0;
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (::waitpid(child, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) {
        page_->Say("the process hangs");
        ::kill(child, SIGKILL);
        ::waitpid(child, &status, 0);
        return;
      }
      std::this_thread::sleep_for(milliseconds(1));
    }
    const bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && killed_;
    if (!was_killed && status != 0) {
      page_->Say("the process ended with status " + std::to_string(status));
    }
  }

  // The database as the phase has left it, against what was acknowledged; it becomes the new start.
  void Audit() {
    auto opened = Database::Open(directory_, config_);
    if (!opened) return page_->Say("does not open again: " + opened.error().ToString());
    const RecoveryReport& report = (*opened)->recovery_report();
    if (!report.losses.empty()) return page_->Say("a loss: " + report.losses.front());
    BankReader reader(**opened, *page_, seed_);
    const std::optional<BankView> view = reader.ReadPresent();
    if (!view) return;
    for (std::uint32_t account = 0; account < kAccounts; ++account) {
      BankPage::Account& known = page_->accounts[account];
      const std::uint64_t balance = view->rows[account].balance;
      if (!killed_ && balance != known.balance.load()) {
        return page_->Say(AccountKey(account) + " holds " + std::to_string(balance) +
                          " after a close, but " + std::to_string(known.balance.load()) +
                          " was acknowledged");
      }
      known.balance.store(balance);
      // An account with nothing in it says no version: from here on it has the newest.
      const std::uint64_t version =
          view->present[account] ? view->rows[account].version : known.issued.load();
      if (killed_) known.acknowledged.store(version);
      if (killed_) known.issued.store(version);
    }
    run_.Count("audits");
    if (const Result<void> closed = (*opened)->Close(); !closed) {
      page_->Say("Close: " + closed.error().ToString());
    }
  }

  void Report() {
    if (page_->broken()) {
      run_.Fail("case=" + std::to_string(number_),
                page_->what() + " [" + DescribeConfig(config_) + "]");
    }
    const auto add = [&](const char* figure, const std::atomic<std::uint64_t>& value) {
      run_.Count(figure, static_cast<double>(value.load()));
    };
    run_.Count("banks");
    add("transfers", page_->transfers);
    add("transactions", page_->transactions);
    add("conflicts", page_->conflicts);
    add("sums", page_->sums);
    add("sums_of_old_snapshots", page_->sums_of_old_snapshots);
    add("flushes", page_->flushes);
    add("compactions", page_->compactions);
    if (!kScheduleFuzz) return;
    add("schedule_points", page_->schedule_points);
    add("schedule_change_points", page_->schedule_change_points);
  }

  TortureRun& run_;
  const std::uint64_t number_;
  const std::uint64_t seed_;
  Random random_;
  const std::filesystem::path directory_;
  const DatabaseConfig config_;
  SharedBankPage page_;
  bool killed_ = false;
};

}  // namespace

int Main(int argc, char** argv) {
  TortureRun run("bank", argc, argv);
  if (run.plan().starts_with("case=")) {
    const std::uint64_t number = std::strtoull(run.plan().c_str() + 5, nullptr, 10);
    while (run.TimeLeft() && run.violations() == 0) Bank(run, number).Run();
    return run.Finish();
  }
  for (std::uint64_t number = 0; run.TimeLeft(); ++number) Bank(run, number).Run();
  return run.Finish();
}

}  // namespace quiver::torture

int main(int argc, char** argv) {
  return quiver::torture::Main(argc, argv);
}
