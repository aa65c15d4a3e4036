// The checkers of torture/linearizability on histories that are known to be right or wrong, and
// against every order that there is on small random ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

#include "base/random.h"
#include "linearizability/register_checker.h"
#include "linearizability/state_checker.h"
#include "testing/seed.h"

namespace quiver::torture {
namespace {

constexpr std::uint64_t kNever = RegisterOperation::kUnanswered;

RegisterOperation Write(ValueId value, std::uint64_t called, std::uint64_t answered) {
  return {true, value, called, answered};
}
RegisterOperation Read(ValueId value, std::uint64_t called, std::uint64_t answered) {
  return {false, value, called, answered};
}

TEST(RegisterChecker, AcceptsWhatSomeOrderExplains) {
  const std::vector<std::vector<RegisterOperation>> histories = {
      {},
      {Read(0, 0, 1)},
      {Write(1, 0, 1), Read(1, 2, 3)},
      // A read during a write may see either side.
      {Write(1, 0, 10), Read(0, 1, 2), Read(1, 3, 4)},
      // Two writes at the same time, seen in the order that did not begin first.
      {Write(1, 0, 10), Write(2, 1, 9), Read(2, 2, 3), Read(1, 4, 5)},
      // The read that answers first may have happened last.
      {Write(1, 0, 1), Write(2, 2, 10), Read(2, 3, 20), Read(1, 4, 5)},
      // A delete has no value of its own: absent twice.
      {Write(1, 0, 1), Write(0, 2, 3), Read(0, 4, 5), Write(2, 6, 7), Write(0, 8, 20),
       Read(2, 9, 10), Read(0, 11, 12)},
      // A write that never answered may happen late, or not at all.
      {Write(1, 0, kNever), Read(0, 5, 6), Read(1, 7, 8)},
      {Write(1, 0, kNever), Read(0, 5, 6), Read(0, 7, 8)},
      // Calls that meet at one tick of the clock overlap.
      {Write(1, 0, 5), Read(0, 5, 6)},
  };
  for (std::size_t i = 0; i < histories.size(); ++i) {
    EXPECT_FALSE(FindUnexplained(histories[i], 0)) << "history " << i;
  }
}

TEST(RegisterChecker, RefusesWhatNoOrderExplains) {
  struct Wrong {
    std::vector<RegisterOperation> history;
    std::size_t unexplained;
  };
  const std::vector<Wrong> histories = {
      {{Read(1, 0, 1)}, 0},                                  // out of nothing
      {{Write(1, 0, 1), Read(0, 2, 3)}, 1},                  // lost
      {{Write(1, 0, 1), Write(2, 2, 3), Read(1, 4, 5)}, 2},  // stale
      {{Write(1, 0, 10), Read(1, 1, 2), Read(0, 3, 4)}, 2},  // there and gone again
      {{Write(1, 0, 1), Write(0, 2, 3), Read(1, 4, 5)}, 2},  // back from the dead
      {{Read(1, 0, 1), Write(1, 2, 3)}, 0},                  // from the future
      {{Write(1, 0, 10), Write(2, 1, 9), Read(2, 2, 3), Read(1, 4, 5), Read(2, 6, 7)}, 4},
      {{Write(1, 0, kNever), Read(1, 5, 6), Read(0, 7, 8)}, 2},  // happened, then had not
      // Two readers that disagree on the order of two writes.
      {{Write(1, 0, 2), Write(2, 0, 2), Read(1, 3, 4), Read(2, 5, 6)}, 3},
  };
  for (std::size_t i = 0; i < histories.size(); ++i) {
    const auto unexplained = FindUnexplained(histories[i].history, 0);
    ASSERT_TRUE(unexplained) << "history " << i;
    EXPECT_EQ(*unexplained, histories[i].unexplained) << "history " << i;
  }
}

// Every order of all operations (all answered) that keeps those apart which time keeps apart.
bool SomeOrderExplains(const std::vector<RegisterOperation>& history) {
  std::vector<std::size_t> order(history.size());
  std::iota(order.begin(), order.end(), 0);
  do {
    bool good = true;
    ValueId value = 0;
    for (std::size_t i = 0; good && i < order.size(); ++i) {
      const RegisterOperation& operation = history[order[i]];
      for (std::size_t later = i + 1; later < order.size(); ++later) {
        good = good && history[order[later]].answered_ns >= operation.called_ns;
      }
      if (operation.is_write) value = operation.value;
      good = good && operation.value == value;
    }
    if (good) return true;
  } while (std::next_permutation(order.begin(), order.end()));
  return false;
}

TEST(RegisterChecker, AgreesWithTheTrialOfAllOrders) {
  Random random(testing::TestSeed(11));
  int explained = 0;
  int unexplained = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<RegisterOperation> history;
    const std::uint64_t count = 3 + random.Below(4);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t called = random.Below(12);
      const ValueId value = random.Below(3);  // values are not unique: deletes are not either
      const std::uint64_t answered = called + random.Below(6);
      history.push_back({random.OneIn(2), value, called, answered});
    }
    const bool right = SomeOrderExplains(history);
    ASSERT_EQ(!FindUnexplained(history, 0), right) << "round " << round;
    right ? ++explained : ++unexplained;
  }
  EXPECT_GT(explained, 400);
  EXPECT_GT(unexplained, 400);
}

// Of a history as a database with a lock around each call would make it, any single stale or
// foreign value shows.
TEST(RegisterChecker, NoticesOneWrongReadInALongHistory) {
  Random random(testing::TestSeed(12));
  std::vector<RegisterOperation> history;
  std::vector<std::size_t> stale_reads;
  ValueId value = 0;
  std::uint64_t moment = 100;
  ValueId next_value = 1;
  for (int i = 0; i < 20'000; ++i) {
    moment += 20;  // the calls' moments; each lasts longer and so overlaps with some others
    const std::uint64_t called = moment - random.Below(60);
    const std::uint64_t answered = moment + random.Below(60);
    if (random.OneIn(3)) {
      value = random.OneIn(4) ? 0 : next_value++;
      history.push_back(Write(value, called, answered));
    } else {
      history.push_back(Read(value, called, answered));
      if (value > 20) stale_reads.push_back(history.size() - 1);
    }
  }
  ASSERT_FALSE(FindUnexplained(history, 0));
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<RegisterOperation> wrong = history;
    wrong[stale_reads[random.Below(stale_reads.size())]].value -= 20;
    EXPECT_TRUE(FindUnexplained(wrong, 0)) << "trial " << trial;
  }
}

// --- reads of several keys

StateWrite Batch(SequenceNumber last, std::vector<std::pair<KeyIndex, ValueId>> entries,
                 std::uint64_t called, std::uint64_t answered) {
  return {last, std::move(entries), called, answered};
}
StateRead ReadOf(std::vector<std::pair<KeyIndex, ValueId>> seen, std::uint64_t called,
                 std::uint64_t answered, std::optional<SequenceNumber> sequence = {}) {
  return {std::move(seen), sequence, called, answered};
}

// Two batches that give both keys a value each: 1-2 and, 3 being another key's, 4-5.
const std::vector<StateWrite> kTwoBatches = {Batch(2, {{0, 10}, {1, 11}}, 0, 10),
                                             Batch(5, {{0, 20}, {1, 21}}, 20, 30)};

TEST(StateChecker, AcceptsReadsThatSawAState) {
  const std::vector<std::vector<StateRead>> histories = {
      {ReadOf({{0, 0}, {1, 0}}, 0, 1)},
      {ReadOf({{0, 10}, {1, 11}}, 5, 6)},
      {ReadOf({{0, 0}, {1, 0}}, 5, 6), ReadOf({{0, 10}, {1, 11}}, 7, 8)},
      {ReadOf({{0, 10}, {1, 11}}, 12, 25), ReadOf({{0, 20}, {1, 21}}, 26, 40)},
      {ReadOf({{0, 10}, {1, 11}}, 12, 13, 3)},
      {ReadOf({{1, 0}, {2, 0}}, 0, 40)},
      // Two reads at the same time need not agree on the order of their ends.
      {ReadOf({{0, 20}}, 21, 29), ReadOf({{0, 10}}, 22, 28)},
  };
  for (std::size_t i = 0; i < histories.size(); ++i) {
    EXPECT_EQ(FindBrokenRead(kTwoBatches, histories[i]), "") << "history " << i;
  }
}

TEST(StateChecker, RefusesReadsThatSawNone) {
  const std::vector<std::vector<StateRead>> histories = {
      {ReadOf({{0, 20}, {1, 11}}, 21, 40)},                                      // torn
      {ReadOf({{0, 10}, {1, 0}}, 0, 40)},                                        // torn, the first
      {ReadOf({{0, 10}, {1, 11}}, 31, 32)},                                      // stale
      {ReadOf({{0, 0}}, 11, 12)},                                                // lost
      {ReadOf({{0, 20}}, 11, 12)},                                               // from the future
      {ReadOf({{0, 99}}, 0, 40)},                                                // out of nothing
      {ReadOf({{0, 20}, {1, 21}}, 21, 22), ReadOf({{0, 10}, {1, 11}}, 23, 24)},  // back in time
      {ReadOf({{0, 20}}, 21, 22), ReadOf({{1, 11}}, 23, 24)},  // the same through another key
      {ReadOf({{0, 10}, {1, 11}}, 12, 25, 5)},                 // not the state of its snapshot
      {ReadOf({{0, 20}}, 21, 29, 4)},                          // a snapshot inside a batch
      {ReadOf({{0, 10}, {1, 11}}, 31, 32, 3)},                 // a snapshot of the past
  };
  for (std::size_t i = 0; i < histories.size(); ++i) {
    EXPECT_NE(FindBrokenRead(kTwoBatches, histories[i]), "") << "history " << i;
  }
}

TEST(StateChecker, RefusesNumbersAgainstTimeOrGivenTwice) {
  const std::vector<StateWrite> backwards = {Batch(2, {{0, 10}, {1, 11}}, 20, 30),
                                             Batch(5, {{0, 20}, {1, 21}}, 0, 10)};
  EXPECT_NE(FindBrokenRead(backwards, {}), "");
  const std::vector<StateWrite> twice = {Batch(2, {{0, 10}, {1, 11}}, 0, 10),
                                         Batch(3, {{0, 20}, {1, 21}}, 20, 30)};
  EXPECT_NE(FindBrokenRead(twice, {}), "");
  EXPECT_EQ(FindBrokenRead(kTwoBatches, {}), "");
}

// The states of a random history under a lock, read at random moments; then one value of one read
// is replaced by that of another state.
TEST(StateChecker, NoticesOneWrongValueInALongHistory) {
  Random random(testing::TestSeed(13));
  std::vector<StateWrite> writes;
  std::vector<StateRead> reads;
  std::vector<ValueId> state(6, 0);
  SequenceNumber last = 0;
  std::uint64_t moment = 100;
  ValueId next_value = 1;
  for (int i = 0; i < 10'000; ++i) {
    moment += 20;
    const std::uint64_t called = moment - random.Below(60);
    const std::uint64_t answered = moment + random.Below(60);
    std::vector<std::pair<KeyIndex, ValueId>> entries;
    const bool write = random.OneIn(3);
    for (KeyIndex key = 0; key < state.size(); ++key) {
      if (random.OneIn(3)) continue;
      if (write) state[key] = random.OneIn(5) ? 0 : next_value++;
      entries.emplace_back(key, state[key]);
    }
    if (entries.empty()) continue;
    if (write) {
      last += entries.size() + random.Below(2);
      writes.push_back(Batch(last, std::move(entries), called, answered));
    } else {
      reads.push_back(ReadOf(std::move(entries), called, answered));
      if (random.OneIn(4)) reads.back().sequence = last;
    }
  }
  ASSERT_EQ(FindBrokenRead(writes, reads), "");
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<StateRead> wrong = reads;
    auto& [key, value] = wrong[wrong.size() / 2 + random.Below(wrong.size() / 2)].seen.front();
    value = value < 200 ? value + 1'000'000 : value - 100;  // an older one, of whatever key
    EXPECT_NE(FindBrokenRead(writes, wrong), "") << "trial " << trial;
  }
}

}  // namespace
}  // namespace quiver::torture
