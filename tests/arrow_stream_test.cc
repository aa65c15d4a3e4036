// Goal: an Arrow stream shows exactly the rows that an iterator shows, whatever mix of memtables,
// runs, versions, deletes, codecs and widths they come from, and keeps to the letter of the Arrow
// C stream interface about lifetime and errors.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "quiver/database.h"
#include "testing/arrow_consumer.h"
#include "testing/model.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

using testing::ArrowConsumer;
using testing::ArrowRow;
using testing::Model;

DatabaseConfig SmallConfig() {
  DatabaseConfig config = Balanced();
  config.wal_mode = WalMode::kAsync;
  config.memtable_size_bytes = 256 << 10;
  config.memory_limit_bytes = 64 << 20;
  config.table_size_bytes = 128 << 10;
  config.block_size_bytes = 4096;
  config.value_chunk_bytes = 4096;
  config.disk_reserve_bytes = 0;
  return config;
}

void CheckOk(const Result<void>& result) {
  ASSERT_TRUE(result) << result.error().ToString();
}

class ArrowStreamTest : public ::testing::Test {
 protected:
  void Open(const DatabaseConfig& config = SmallConfig()) {
    auto opened = Database::Open(dir_.path() / "db", config);
    ASSERT_TRUE(opened) << opened.error().ToString();
    db_ = std::move(*opened);
  }
  void Put(const std::string& key, const std::string& value) {
    CheckOk(db_->Put(key, value));
    model_[key] = value;
  }
  std::unique_ptr<ArrowConsumer> Export(const ArrowStreamOptions& options) {
    auto consumer = std::make_unique<ArrowConsumer>();
    const auto made = db_->ExportArrowStream(options, &consumer->stream);
    EXPECT_TRUE(made) << made.error().ToString();
    return consumer;
  }
  std::vector<ArrowRow> Rows(const ArrowStreamOptions& options) {
    const auto consumer = Export(options);
    consumer->ReadAll();
    EXPECT_EQ(consumer->error, "");
    return consumer->rows;
  }

  testing::TempDir dir_;
  std::unique_ptr<Database> db_;
  Model model_;
};

TEST_F(ArrowStreamTest, ShowsTheRowsOfAMemtable) {
  Open();
  Put("apple", "red");
  Put("banana", "");
  Put("", "empty");
  const auto rows = Rows({.with_sequence = true});
  EXPECT_EQ(rows,
            (std::vector<ArrowRow>{{"", "empty", 3}, {"apple", "red", 1}, {"banana", "", 2}}));
}

}  // namespace
}  // namespace quiver
