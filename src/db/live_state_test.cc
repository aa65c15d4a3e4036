// LiveState: the order of memtables that readers and flushes rely on. Keyspaces: which log segment
// and which sequence numbers are still needed when only some memtables are in tables.
#include "db/live_state.h"

#include <gtest/gtest.h>

#include <array>

#include "base/entry.h"
#include "db/keyspaces.h"
#include "db/point_lookup.h"

namespace quiver {
namespace {

class LiveStateTest : public ::testing::Test {
 protected:
  MemtableRef NewTable(std::uint64_t first_segment, SequenceNumber floor_sequence = 0) {
    DatabaseConfig config;
    config.memtable_kind = MemtableKind::kSkiplist;
    return std::make_shared<MemtableHandle>(core_, config, first_segment, floor_sequence);
  }
  static void Rotate(LiveState& state, const MemtableRef& next) {
    if (!state.active()->is_placeholder()) state.Seal();
    state.ReplaceActive(next);
  }
  void Put(const MemtableRef& memtable, std::string_view value) {
    memtable->table().Add({"key", value, ++sequence_, Operation::kPut, 0});
    memtable->set_largest_sequence(sequence_);
  }
  std::string Get() {
    const EpochGuard guard(core_->epochs);
    TableAnswer found;
    const auto hit = LookupInView(*state_.views().Current(), tables_, LookupKey("key", sequence_),
                                  {.fill_cache = false, .want_pin = false}, found);
    EXPECT_TRUE(hit.ok());
    return hit.ok() && *hit ? std::string(found.answer.value) : "absent";
  }

  const std::shared_ptr<EngineCore> core_ = std::make_shared<EngineCore>(64 << 20, 0);
  ChangeSignal changed_;
  const VersionRef nothing_ = std::make_shared<const Version>(std::vector<Level>(1));
  const LiveState::Parts parts_{&core_->epochs, &changed_, MemtableHandle::NewPlaceholder(core_)};
  const MemtableRef first_ = NewTable(10);
  LiveState state_{parts_, nothing_};
  TableCache tables_{{}, core_->epochs, 10};
  SequenceNumber sequence_ = 0;
};

TEST_F(LiveStateTest, TheNewestMemtableThatHasAKeyAnswers) {
  Rotate(state_, first_);
  Put(first_, "oldest");
  EXPECT_EQ(Get(), "oldest");
  const MemtableRef second = NewTable(11);
  const MemtableRef third = NewTable(12);
  Rotate(state_, second);
  EXPECT_EQ(Get(), "oldest") << "it waits for its flush and is read meanwhile";
  Put(second, "newer");
  EXPECT_EQ(Get(), "newer");
  Rotate(state_, third);
  EXPECT_EQ(Get(), "newer");
  Put(third, "newest");
  EXPECT_EQ(Get(), "newest");
}

TEST_F(LiveStateTest, MemtablesAreFlushedOldestFirstAndLeaveWhenTheyAreInTables) {
  Rotate(state_, first_);
  const MemtableRef second = NewTable(11);
  const MemtableRef third = NewTable(12);
  Rotate(state_, second);
  Rotate(state_, third);
  EXPECT_EQ(state_.active(), third);
  EXPECT_EQ(state_.ImmutablesOldestFirst(), (std::vector<MemtableRef>{first_, second}));
  const std::array flushed{first_};
  state_.FinishFlush(nothing_, flushed);
  EXPECT_EQ(state_.ImmutablesOldestFirst(), (std::vector<MemtableRef>{second}));
  EXPECT_EQ(state_.immutable_count(), 1U);
}

TEST_F(LiveStateTest, TheLogIsNeededFromTheOldestMemtableThatIsInNoTable) {
  Keyspaces keyspaces;
  const auto add = [&](std::uint32_t id) -> KeyspaceState& {
    return keyspaces.Add(
        std::make_unique<KeyspaceState>(id, "k", DatabaseConfig(), nullptr, 0, parts_, nothing_));
  };
  KeyspaceState& busy = add(0);
  KeyspaceState& idle = add(1);
  const std::vector<MemtableRef> none;
  EXPECT_EQ(keyspaces.FirstSegment(none, 20), 20U) << "no memtable needs the log";
  EXPECT_EQ(keyspaces.FlushedSequence(none, 500), 500U);

  const MemtableRef second = NewTable(11, 100);
  const MemtableRef third = NewTable(12, 200);
  Rotate(busy.state, first_);
  Rotate(busy.state, second);
  Rotate(busy.state, third);
  const std::vector<MemtableRef> one{first_};
  const std::vector<MemtableRef> two{first_, second};
  EXPECT_EQ(keyspaces.FirstSegment(one, 20), 11U) << "one that was sealed during the flush";
  EXPECT_EQ(keyspaces.FlushedSequence(one, 100), 100U);
  EXPECT_EQ(keyspaces.FirstSegment(two, 20), 12U) << "the active one";

  const MemtableRef seldom = NewTable(10, 50);
  Rotate(idle.state, seldom);
  EXPECT_EQ(keyspaces.FirstSegment(two, 20), 10U) << "another keyspace holds on to it";
  EXPECT_EQ(keyspaces.FlushedSequence(two, 200), 50U);
}

}  // namespace
}  // namespace quiver
