// Goal: a checkpoint, a dataset and an ingest tell how far they are, from nothing to all of it and
// never backwards; and a callback that throws ends the call and leaves nothing behind.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <stdexcept>

#include "db/checkpoint.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "quiver/admin.h"
#include "quiver/dataset.h"
#include "testing/engine_harness.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

using testing::HarnessConfig;

/// What a callback was told.
class Told {
 public:
  ProgressCallback Callback() {
    return [this](std::uint64_t done, std::uint64_t total) {
      ++calls_;
      EXPECT_GE(done, done_);
      done_ = done;
      total_ = total;
    };
  }
  std::uint64_t calls() const { return calls_; }
  std::uint64_t done() const { return done_; }
  std::uint64_t total() const { return total_; }

 private:
  std::uint64_t calls_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

const ProgressCallback kThrows = [](std::uint64_t, std::uint64_t) {
  throw std::runtime_error("enough");
};

template <typename Report>
void ExpectThrown(const Result<Report>& report) {
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(report.error().message().find("the callback threw: enough"), std::string::npos)
      << report.error().ToString();
}

class CopyProgressTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::Open(path("db"), HarnessConfig(WalMode::kAsync));
    ASSERT_TRUE(opened) << opened.error().ToString();
    db_ = *std::move(opened);
    for (int i = 0; i < 2000; ++i) {
      ASSERT_TRUE(db_->Put("k" + std::to_string(i), std::string(200, 'v')));
    }
  }
  std::filesystem::path path(const std::string& name) const { return temp_dir_.path() / name; }

  std::unique_ptr<Database> db_;

 private:
  testing::TempDir temp_dir_;
};

TEST_F(CopyProgressTest, OfACheckpointCountsEveryTable) {
  Told told;
  const auto report = db_->Checkpoint(path("copy"), told.Callback());
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_GT(told.calls(), 1u);
  EXPECT_EQ(told.done(), report->bytes);
  EXPECT_EQ(told.total(), report->bytes);
  ExpectThrown(db_->Checkpoint(path("refused"), kThrows));
  EXPECT_TRUE(std::filesystem::is_empty(path("refused")));
}

TEST_F(CopyProgressTest, OfADatasetCountsEveryTable) {
  for (const bool compact : {false, true}) {
    Told told;
    const auto report = ExportDataset(*db_, path(compact ? "compacted" : "as-it-is"),
                                      {.compact = compact, .progress = told.Callback()});
    ASSERT_TRUE(report) << report.error().ToString();
    EXPECT_GE(told.calls(), report->files);
    EXPECT_EQ(told.done(), report->bytes);
    EXPECT_EQ(told.total(), report->bytes);
    EXPECT_EQ(report->rows, 2000u);
  }
  ExpectThrown(ExportDataset(*db_, path("refused"), {.progress = kThrows}));
  EXPECT_TRUE(std::filesystem::is_empty(path("refused")));
}

TEST_F(CopyProgressTest, OfAnIngestThatThrowsAddsNothing) {
  const std::array<std::filesystem::path, 1> files = {path("rows.arrow")};
  auto writer = ArrowFileWriter::Create(files[0]);
  ASSERT_TRUE(writer);
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE((*writer)->Add("n" + std::to_string(i), "new"));
  ASSERT_TRUE((*writer)->Finish());
  ExpectThrown(db_->IngestArrow(files, {.progress = kThrows}));
  const auto absent = db_->Get("n1");
  ASSERT_TRUE(absent);
  EXPECT_FALSE(*absent);
  Told told;
  ASSERT_TRUE(db_->IngestArrow(files, {.progress = told.Callback()}));
  EXPECT_GT(told.calls(), 4u);
  EXPECT_LE(told.done(), told.total());
  const auto found = db_->Get("n1");
  ASSERT_TRUE(found && *found);
}

TEST(CopyProgressFaultTest, OfACheckpointThatCopiesCountsTheSameBytes) {
  io::MemoryFileSystem disk;
  io::FaultFileSystem faulty(disk);
  auto engine = testing::OpenEngine(faulty, HarnessConfig(WalMode::kAsync));
  ASSERT_TRUE(engine) << engine.error().ToString();
  for (int i = 0; i < 600; ++i) {
    ASSERT_TRUE(testing::PutInto(**engine, "k" + std::to_string(i), std::string(250, 'v')));
  }
  faulty.SetHook([](io::OperationKind kind, std::string_view) -> std::optional<Error> {
    if (kind != io::OperationKind::kLink) return std::nullopt;
    return Error(ErrorCode::kUnsupported, "injected: no links here");
  });
  Told told;
  const auto report = WriteCheckpoint(**engine, "/copy", told.Callback());
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_GT(report->tables_copied, 0u);
  EXPECT_EQ(told.done(), report->bytes);
  EXPECT_EQ(told.total(), report->bytes);
  ExpectThrown(WriteCheckpoint(**engine, "/refused", kThrows));
  auto opened =
      testing::OpenEngineAt(disk, "/refused", HarnessConfig(WalMode::kAsync), OpenMode::kReadOnly);
  EXPECT_FALSE(opened);
}

}  // namespace
}  // namespace quiver
