#include "base/memory_ledger.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace quiver {
namespace {

TEST(MemoryLedger, ChargesAreKeptByOwnerAndSummed) {
  MemoryLedger ledger(1000);
  ledger.Charge(MemoryOwner::kMemtables, 300);
  ledger.Charge(MemoryOwner::kBlockCache, 200);
  ledger.Charge(MemoryOwner::kMemtables, -100);
  EXPECT_EQ(ledger.bytes(MemoryOwner::kMemtables), 200U);
  EXPECT_EQ(ledger.bytes(MemoryOwner::kBlockCache), 200U);
  EXPECT_EQ(ledger.bytes(MemoryOwner::kCompaction), 0U);
  EXPECT_EQ(ledger.total_bytes(), 400U);
  EXPECT_EQ(ledger.limit_bytes(), 1000U);
}

TEST(MemoryLedger, AReturnThatOvertakesItsChargeNeverReadsAsHuge) {
  MemoryLedger ledger(1000);
  ledger.Charge(MemoryOwner::kTables, -5);
  EXPECT_EQ(ledger.bytes(MemoryOwner::kTables), 0U);
  ledger.Charge(MemoryOwner::kTables, 5);
  EXPECT_EQ(ledger.total_bytes(), 0U);
}

TEST(MemoryLedger, ConcurrentChargesAreNotLost) {
  MemoryLedger ledger(1000);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&ledger] {
        for (int i = 0; i < 10'000; ++i) {
          ledger.Charge(MemoryOwner::kBlockCache, 3);
          ledger.Charge(MemoryOwner::kBlockCache, -2);
        }
      });
    }
  }
  EXPECT_EQ(ledger.total_bytes(), 40'000U);
}

}  // namespace
}  // namespace quiver
