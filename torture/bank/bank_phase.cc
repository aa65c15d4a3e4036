#include "bank/bank_phase.h"

#include <chrono>
#include <thread>
#include <vector>

#include "base/schedule_point.h"

namespace quiver::torture {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kPayers = 4;
constexpr std::uint64_t kReaders = 3;

void Pay(Database& database, AccountLocks& locks, BankPage& page, std::uint64_t seed,
         bool by_transactions, const std::atomic<bool>& stop) {
  Random random(seed);
  while (!stop.load(std::memory_order_relaxed) && !page.broken()) {
    TransferOrder order;
    order.from = static_cast<std::uint32_t>(random.Below(kAccounts));
    order.to =
        (order.from + 1 + static_cast<std::uint32_t>(random.Below(kAccounts - 1))) % kAccounts;
    // Now and then everything, so that rows go and come back.
    order.amount = random.OneIn(4) ? kTotal : random.Below(kStartBalance / 4);
    if (random.OneIn(8)) order.options.wal_mode = static_cast<WalMode>(random.Below(3));
    order.options.fail_if_stalled = random.OneIn(16);
    const bool done = by_transactions
                          ? TransferByTransaction(
                                database, locks, page, order,
                                random.OneIn(2) ? Isolation::kSerializable : Isolation::kSnapshot,
                                random.OneIn(8))
                          : TransferUnderLocks(database, locks, page, order);
    if (!done) std::this_thread::yield();
  }
}

void Maintain(Database& database, BankPage& page, std::uint64_t seed,
              const std::atomic<bool>& stop) {
  Random random(seed);
  const ScheduleFigures before = ScheduleFiguresSoFar();
  const std::uint64_t points = page.schedule_points.load();
  const std::uint64_t change_points = page.schedule_change_points.load();
  const std::uint64_t flushes = page.flushes.load();
  const std::uint64_t compactions = page.compactions.load();
  while (!stop.load(std::memory_order_relaxed) && !page.broken()) {
    Result<void> done;
    switch (random.Below(5)) {
      case 0: done = database.Flush(); break;
      case 1: done = database.CompactRange(); break;
      case 2: done = database.CompactRange(AccountKey(3), AccountKey(9)); break;
      case 3: done = database.SyncLog(); break;
      default: std::this_thread::sleep_for(std::chrono::microseconds(random.Below(4000)));
    }
    const DatabaseMetrics metrics = database.Metrics();
    page.flushes.store(flushes + metrics.flushes);
    page.compactions.store(compactions + metrics.compactions);
    const ScheduleFigures now = ScheduleFiguresSoFar();
    page.schedule_points.store(points + now.points - before.points);
    page.schedule_change_points.store(change_points + now.change_points - before.change_points);
    if (done) continue;
    if (done.error().code() != ErrorCode::kClosed) page.Say("upkeep: " + done.error().ToString());
    return;
  }
}

}  // namespace

void BankPhase::Run(BankPage& page) const {
  StartSchedule(schedule);
  auto opened = Database::Open(directory, config);
  if (!opened) return page.Say("does not open: " + opened.error().ToString());
  Database& database = **opened;
  AccountLocks locks;
  std::atomic<bool> stop{false};
  Result<void> closed;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < kPayers; ++i) {
      threads.emplace_back(
          [&, i] { Pay(database, locks, page, seed * 31 + i, by_transactions, stop); });
    }
    for (std::uint64_t i = 0; i < kReaders; ++i) {
      threads.emplace_back([&, i] {
        BankReader reader(database, page, seed * 37 + i);
        while (!stop.load(std::memory_order_relaxed) && !page.broken() && reader.ReadOnce()) {
        }
      });
    }
    threads.emplace_back([&] { Maintain(database, page, seed * 41, stop); });
    const auto start = std::chrono::steady_clock::now();
    while (!page.broken() && (end == End::kKill || std::chrono::steady_clock::now() <
                                                       start + milliseconds(duration_ms))) {
      std::this_thread::sleep_for(milliseconds(2));
    }
    if (end == End::kCloseUnderWork) closed = database.Close();
    stop.store(true);
  }
  if (end == End::kFinish) closed = database.Close();
  if (!closed) page.Say("Close: " + closed.error().ToString());
}

}  // namespace quiver::torture
