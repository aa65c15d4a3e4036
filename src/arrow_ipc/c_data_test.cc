// The callbacks of the Arrow C data interface over a source of the test's own: what the end, an
// error and a release do. tests/arrow_stream_test.cc has the rest, over databases.
#include "arrow_ipc/c_data.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace quiver::arrow_ipc {
namespace {

struct Script {
  std::vector<Result<CDataBatch>> steps;
  Result<void> usable;
  std::size_t calls = 0;
};

class ScriptedSource final : public CDataSource {
 public:
  explicit ScriptedSource(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  const Schema& schema() const override { return schema_; }
  Result<CDataBatch> Next() override { return script_->steps.at(script_->calls++); }
  Result<void> CheckUsable() const override { return script_->usable; }

 private:
  const std::shared_ptr<Script> script_;
  const Schema schema_{.columns = {{.name = "key", .type = ColumnType::kBinary},
                                   {.name = "number", .type = ColumnType::kUInt64}},
                       .metadata = {{"a", "bc"}}};
};

constexpr std::int32_t kOffsets[] = {0, 1, 3};
constexpr std::uint64_t kNumbers[] = {7, 8, 9};

class CDataTest : public ::testing::Test {
 protected:
  CDataTest() { ExportStream(std::make_unique<ScriptedSource>(script_), &stream_); }
  ~CDataTest() override {
    if (stream_.release != nullptr) stream_.release(&stream_);
  }
  CDataBatch TwoRows() {
    CDataBatch batch{.rows = 2, .columns = {}, .owner = owner_};
    batch.columns[0] = {.offsets = kOffsets, .data = "abc", .first_row = 0};
    batch.columns[1] = {.offsets = nullptr, .data = kNumbers, .first_row = 1};
    return batch;
  }

  std::shared_ptr<Script> script_ = std::make_shared<Script>();
  std::shared_ptr<int> owner_ = std::make_shared<int>(0);
  ArrowArrayStream stream_{};
};

TEST_F(CDataTest, ABatchPointsAtTheColumnsAndFreesTheirOwnerWithItsLastPart) {
  script_->steps.emplace_back(TwoRows());
  ArrowArray batch{};
  ASSERT_EQ(stream_.get_next(&stream_, &batch), 0);
  script_->steps.clear();
  EXPECT_EQ(owner_.use_count(), 2);
  EXPECT_EQ(batch.length, 2);
  ASSERT_EQ(batch.n_children, 2);
  EXPECT_EQ(batch.children[0]->n_buffers, 3);
  EXPECT_EQ(batch.children[0]->buffers[1], kOffsets);
  EXPECT_EQ(batch.children[1]->n_buffers, 2);
  EXPECT_EQ(batch.children[1]->buffers[1], kNumbers);
  EXPECT_EQ(batch.children[1]->offset, 1);
  ArrowArray moved = std::exchange(*batch.children[1], {});
  batch.release(&batch);
  EXPECT_EQ(batch.release, nullptr);
  EXPECT_EQ(owner_.use_count(), 2);
  moved.release(&moved);
  EXPECT_EQ(owner_.use_count(), 1);
}

TEST_F(CDataTest, TheEndStaysTheEndAndIsNoError) {
  script_->steps.emplace_back(CDataBatch{});
  for (int i = 0; i < 3; ++i) {
    ArrowArray batch{.length = 5};
    EXPECT_EQ(stream_.get_next(&stream_, &batch), 0);
    EXPECT_EQ(batch.release, nullptr);
    EXPECT_EQ(stream_.get_last_error(&stream_), nullptr);
  }
  EXPECT_EQ(script_->calls, 1U);
}

TEST_F(CDataTest, AnErrorCarriesItsWholeMessageAndStays) {
  script_->steps.emplace_back(Error(ErrorCode::kNoSpace, "no room", "file.arrow", 42));
  for (int i = 0; i < 2; ++i) {
    ArrowArray batch{};
    EXPECT_EQ(stream_.get_next(&stream_, &batch), ENOSPC);
    EXPECT_EQ(batch.release, nullptr);
    EXPECT_STREQ(stream_.get_last_error(&stream_),
                 Error(ErrorCode::kNoSpace, "no room", "file.arrow", 42).ToString().c_str());
  }
  EXPECT_EQ(script_->calls, 1U);
  ArrowSchema schema{};
  EXPECT_EQ(stream_.get_schema(&stream_, &schema), 0);
  EXPECT_EQ(stream_.get_last_error(&stream_), nullptr);
  schema.release(&schema);
}

TEST_F(CDataTest, ASourceThatBecameUnusableIsNotAskedAgain) {
  script_->usable = Error(ErrorCode::kClosed, "gone");
  ArrowArray batch{};
  EXPECT_EQ(stream_.get_next(&stream_, &batch), EBADF);
  EXPECT_EQ(script_->calls, 0U);
}

TEST_F(CDataTest, TheSchemaIsAStructOfItsOwnLife) {
  ArrowSchema schema{};
  ASSERT_EQ(stream_.get_schema(&stream_, &schema), 0);
  stream_.release(&stream_);
  EXPECT_EQ(stream_.release, nullptr);
  EXPECT_EQ(script_.use_count(), 1);
  EXPECT_STREQ(schema.format, "+s");
  EXPECT_STREQ(schema.children[1]->format, "L");
  EXPECT_STREQ(schema.children[1]->name, "number");
  const std::string_view encoded(schema.metadata, 4 + 4 + 1 + 4 + 2);
  EXPECT_EQ(encoded.substr(8, 1), "a");
  EXPECT_EQ(encoded.substr(13), "bc");
  schema.release(&schema);
}

}  // namespace
}  // namespace quiver::arrow_ipc
