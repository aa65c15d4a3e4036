// The block cache under compactions and flushes: what readers lived on stays warm, and what nobody
// reads does not come in.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "quiver/quiver.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

constexpr int kRows = 20'000;

std::string Key(int i) {
  return "key" + std::to_string(1'000'000 + i);
}

DatabaseConfig Config() {
  DatabaseConfig config;
  config.wal_mode = WalMode::kAsync;
  config.memtable_size_bytes = 1 << 20;
  config.memory_limit_bytes = 128 << 20;
  return config;
}

class CacheWarmthTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::Open(dir_.path() / "db", Config());
    ASSERT_TRUE(opened) << opened.error().ToString();
    db_ = std::move(*opened);
    Write();
  }
  // Every row anew, to the files and merged with what was there.
  void Write() {
    const std::string value(200, static_cast<char>('a' + round_++));
    for (int i = 0; i < kRows; ++i) ASSERT_TRUE(db_->Put(Key(i), value));
    ASSERT_TRUE(db_->Flush());
    ASSERT_TRUE(db_->CompactRange());
    ASSERT_TRUE(db_->WaitForBackgroundWork());
  }
  // The blocks that had to be loaded for a get of every row.
  std::uint64_t MissesOfReading() {
    const std::uint64_t before = db_->Metrics().cache_misses;
    for (int i = 0; i < kRows; ++i) {
      const auto value = db_->Get(Key(i));
      EXPECT_TRUE(value && value->has_value());
    }
    return db_->Metrics().cache_misses - before;
  }

  testing::TempDir dir_;
  std::unique_ptr<Database> db_;
  int round_ = 0;
};

TEST_F(CacheWarmthTest, WhatWasReadIsInTheCacheAfterACompactionToo) {
  EXPECT_GT(MissesOfReading(), 50U);
  EXPECT_EQ(MissesOfReading(), 0U);
  Write();
  EXPECT_EQ(MissesOfReading(), 0U);
}

TEST_F(CacheWarmthTest, WhatNobodyReadStaysOut) {
  Write();
  EXPECT_EQ(db_->Metrics().cache_bytes, 0U);
  EXPECT_GT(MissesOfReading(), 50U);
}

}  // namespace
}  // namespace quiver
