// LiveState: the order of memtables that readers and flushes rely on, and which log segment is
// still needed when only some of them are in tables.
#include "db/live_state.h"

#include <gtest/gtest.h>

#include <array>

#include "base/entry.h"
#include "db/point_lookup.h"

namespace quiver {
namespace {

class LiveStateTest : public ::testing::Test {
 protected:
  MemtableRef NewTable(std::uint64_t first_segment) {
    return std::make_shared<MemtableHandle>(core_, MemtableKind::kSkiplist, 1024, first_segment);
  }
  void Put(const MemtableRef& memtable, std::string_view value) {
    memtable->table().Add({"key", value, ++sequence_, Operation::kPut, 0});
    memtable->set_largest_sequence(sequence_);
  }
  std::string Get() {
    const EpochGuard guard(core_->epochs);
    TableAnswer found;
    const auto hit = LookupInView(state_.views().Current(), tables_, LookupKey("key", sequence_),
                                  {.fill_cache = false, .want_pin = false}, found);
    EXPECT_TRUE(hit.ok());
    return hit.ok() && *hit ? std::string(found.answer.value) : "absent";
  }

  const std::shared_ptr<EngineCore> core_ = std::make_shared<EngineCore>(64 << 20, 0);
  const VersionRef nothing_ = std::make_shared<const Version>(std::vector<Level>(1));
  const MemtableRef first_ = NewTable(10);
  LiveState state_{core_->epochs, first_, nothing_};
  TableCache tables_{{}, core_->epochs, 10};
  SequenceNumber sequence_ = 0;
};

TEST_F(LiveStateTest, TheNewestMemtableThatHasAKeyAnswers) {
  Put(first_, "oldest");
  EXPECT_EQ(Get(), "oldest");
  const MemtableRef second = NewTable(11);
  const MemtableRef third = NewTable(12);
  state_.Rotate(second);
  EXPECT_EQ(Get(), "oldest") << "it waits for its flush and is read meanwhile";
  Put(second, "newer");
  EXPECT_EQ(Get(), "newer");
  state_.Rotate(third);
  EXPECT_EQ(Get(), "newer");
  Put(third, "newest");
  EXPECT_EQ(Get(), "newest");
}

TEST_F(LiveStateTest, MemtablesAreFlushedOldestFirstAndLeaveWhenTheyAreInTables) {
  const MemtableRef second = NewTable(11);
  const MemtableRef third = NewTable(12);
  state_.Rotate(second);
  state_.Rotate(third);
  EXPECT_EQ(state_.active(), third);
  EXPECT_EQ(state_.ImmutablesOldestFirst(), (std::vector<MemtableRef>{first_, second}));
  const std::array flushed{first_};
  state_.FinishFlush(nothing_, flushed);
  EXPECT_EQ(state_.ImmutablesOldestFirst(), (std::vector<MemtableRef>{second}));
  EXPECT_EQ(state_.immutable_count(), 1U);
}

TEST_F(LiveStateTest, TheLogIsNeededFromTheOldestMemtableThatIsInNoTable) {
  const MemtableRef second = NewTable(11);
  const MemtableRef third = NewTable(12);
  state_.Rotate(second);
  EXPECT_EQ(state_.FirstSegmentAfter(first_), 11U) << "the active one";
  state_.Rotate(third);
  EXPECT_EQ(state_.FirstSegmentAfter(first_), 11U) << "one that was sealed during the flush";
  EXPECT_EQ(state_.FirstSegmentAfter(second), 12U);
}

}  // namespace
}  // namespace quiver
