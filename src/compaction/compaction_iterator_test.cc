#include "compaction/compaction_iterator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "base/random.h"
#include "iterator/vector_iterator.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using Entries = std::vector<OwnedEntry>;

OwnedEntry Put(std::string key, SequenceNumber sequence) {
  return {key, "v" + std::to_string(sequence), sequence, Operation::kPut, 0};
}
OwnedEntry Delete(std::string key, SequenceNumber sequence) {
  return {std::move(key), "", sequence, Operation::kDelete, 0};
}

struct Outcome {
  Entries survivors;
  std::uint64_t read = 0;
  std::uint64_t dropped = 0;
  Result<void> status;
};

Outcome RunOver(InternalIterator& input, const Retention& retention, bool is_bottom) {
  CompactionIterator iterator(input, retention, is_bottom);
  Outcome outcome;
  for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next()) {
    const EntryView& entry = iterator.entry();
    outcome.survivors.push_back({std::string(entry.key), std::string(entry.value), entry.sequence,
                                 entry.operation, entry.expiry_us});
  }
  outcome.read = iterator.entries_read();
  outcome.dropped = iterator.entries_dropped();
  outcome.status = iterator.status();
  return outcome;
}

Outcome RunOver(const Entries& entries, const SnapshotList& snapshots, bool is_bottom) {
  const auto input = NewVectorIterator(entries);
  return RunOver(*input, snapshots, is_bottom);
}

std::string Text(const Entries& entries) {
  std::string text;
  for (const OwnedEntry& entry : entries) {
    constexpr std::string_view kLetters = "pdmr";
    text += text.empty() ? "" : " ";
    text += entry.key + kLetters[static_cast<std::size_t>(entry.operation)] +
            std::to_string(entry.sequence);
  }
  return text;
}

TEST(CompactionIterator, KeepsTheNewestVersionOfEachStratum) {
  const Entries entries = {Put("k", 2),    Put("k", 4),  Put("k", 7),
                           Delete("k", 8), Put("k", 10), Put("k", 12)};
  EXPECT_EQ(Text(RunOver(entries, {5, 9}, false).survivors), "kp12 kp10 kd8 kp4");
  EXPECT_EQ(Text(RunOver(entries, {5, 9, 20}, false).survivors), "kp12 kd8 kp4");
  EXPECT_EQ(Text(RunOver(entries, {20}, false).survivors), "kp12");
  EXPECT_EQ(Text(RunOver(entries, {}, false).survivors), "kp12");
  EXPECT_EQ(Text(RunOver(entries, {1}, false).survivors), "kp12 kp10 kd8 kp7 kp4 kp2");
}

TEST(CompactionIterator, DropsDeletesOnlyAtTheBottomAndOnlyIfTheyHideNothing) {
  EXPECT_EQ(Text(RunOver({Delete("a", 5), Put("b", 3)}, {9}, false).survivors), "ad5 bp3");
  EXPECT_EQ(Text(RunOver({Delete("a", 5), Put("b", 3)}, {9}, true).survivors), "bp3");
  EXPECT_EQ(Text(RunOver({Delete("a", 5), Put("a", 3)}, {4, 9}, true).survivors), "ad5 ap3");
  EXPECT_EQ(Text(RunOver({Delete("a", 5), Put("a", 3)}, {9}, true).survivors), "");
  EXPECT_EQ(Text(RunOver({Put("a", 8), Delete("a", 5)}, {6, 9}, true).survivors), "ap8");
}

TEST(CompactionIterator, KeepsDeletesAboveTheOldestSnapshotForTransactionsThatBeganThere) {
  EXPECT_EQ(Text(RunOver({Delete("a", 5), Put("a", 4)}, {3, 9}, true).survivors), "ad5");
  EXPECT_EQ(Text(RunOver({Delete("a", 5), Put("a", 4)}, {5, 9}, true).survivors), "");
  EXPECT_EQ(Text(RunOver({Delete("a", 8), Delete("a", 5), Put("a", 2)}, {3, 6, 9}, true).survivors),
            "ad8 ad5 ap2");
}

OwnedEntry Merge(std::string key, SequenceNumber sequence) {
  return {key, "+" + std::to_string(sequence), sequence, Operation::kMerge, 0};
}

TEST(CompactionIterator, OperandsStayWithWhatTheyApplyTo) {
  EXPECT_EQ(Text(RunOver({Delete("a", 9), Merge("a", 6), Put("a", 5)}, {20}, true).survivors), "");
  EXPECT_EQ(Text(RunOver({Merge("a", 6), Put("a", 5), Put("a", 4)}, {20}, true).survivors),
            "am6 ap5");
}

TEST(CompactionIterator, FoldsOperandsOfAStratum) {
  const auto fold = [](const Entries& entries, SnapshotList snapshots, bool is_bottom) {
    Retention retention(std::move(snapshots));
    retention.merge_operator = &AppendOperator();
    const auto input = NewVectorIterator(entries);
    return RunOver(*input, retention, is_bottom).survivors;
  };
  const Entries based = fold({Merge("a", 8), Merge("a", 6), Put("a", 5), Put("b", 1)}, {20}, false);
  EXPECT_EQ(Text(based), "ap8 bp1");
  EXPECT_EQ(based[0].value, "v5+6+8");
  EXPECT_EQ(Text(fold({Merge("a", 8), Merge("a", 6)}, {20}, false)), "am8");
  EXPECT_EQ(Text(fold({Merge("a", 8), Merge("a", 6)}, {20}, true)), "ap8");
  EXPECT_EQ(Text(fold({Merge("a", 8), Merge("a", 6), Put("a", 3)}, {7, 20}, true)), "am8 ap6");
  EXPECT_EQ(Text(fold({Merge("a", 8), Delete("a", 6), Put("a", 3)}, {20}, false)), "ap8");
  EXPECT_EQ(Text(fold({Delete("a", 9), Merge("a", 8), Put("a", 3)}, {8, 20}, true)), "ad9 ap8");
}

TEST(CompactionIterator, DropsWhatARangeDeleteHidesFromEverybody) {
  const auto run = [](const Entries& entries, SnapshotList snapshots, SequenceNumber& cleaned) {
    Retention retention(std::move(snapshots));
    retention.range_deletes =
        std::make_shared<const RangeDeletes>(std::vector<RangeDelete>{{"b", "d", 10}});
    const auto input = NewVectorIterator(entries);
    CompactionIterator iterator(*input, retention, false);
    Entries survivors;
    for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next()) {
      survivors.push_back({std::string(iterator.entry().key), "", iterator.entry().sequence,
                           iterator.entry().operation, 0});
    }
    cleaned = iterator.cleaned_sequence();
    return Text(survivors);
  };
  const Entries entries = {Put("a", 1), Put("b", 2), Put("c", 12), Put("c", 3), Put("d", 4)};
  SequenceNumber cleaned = 0;
  EXPECT_EQ(run(entries, {20}, cleaned), "ap1 cp12 dp4");
  EXPECT_EQ(cleaned, 10U);
  EXPECT_EQ(run(entries, {5, 20}, cleaned), "ap1 bp2 cp12 cp3 dp4");
  EXPECT_EQ(cleaned, 0U) << "a snapshot keeps what it sees";
}

TEST(CompactionIterator, KeepsTheExpiryAndTheValueOfWhatSurvives) {
  OwnedEntry entry = Put("a", 5);
  entry.expiry_us = 77;
  const Outcome outcome = RunOver({entry, Put("a", 3)}, {9}, true);
  ASSERT_EQ(outcome.survivors.size(), 1U);
  EXPECT_EQ(outcome.survivors[0].expiry_us, 77U);
  EXPECT_EQ(outcome.survivors[0].value, "v5");
}

// Hands out its entries in the order given, whatever that is, and may end with an error.
class ScriptedIterator final : public InternalIterator {
 public:
  explicit ScriptedIterator(Entries entries, Result<void> status = {})
      : entries_(std::move(entries)), end_(std::move(status)) {}
  void SeekToFirst() override { Show(0); }
  void Next() override { Show(index_ + 1); }
  void SeekToLast() override {}
  void Seek(std::string_view, SequenceNumber) override {}
  void SeekForPrev(std::string_view, SequenceNumber) override {}
  void Prev() override {}
  Result<void> status() const override { return valid_ ? Result<void>() : end_; }

 private:
  void Show(std::size_t index) {
    index_ = index;
    valid_ = index < entries_.size();
    if (valid_) entry_ = entries_[index].view();
  }
  Entries entries_;
  Result<void> end_;
  std::size_t index_ = 0;
};

TEST(CompactionIterator, RefusesEntriesOutOfOrder) {
  for (const Entries& entries :
       {Entries{Put("b", 1), Put("a", 2)}, Entries{Put("a", 1), Put("a", 2)},
        Entries{Put("a", 1), Put("a", 1)}}) {
    ScriptedIterator input(entries);
    const Outcome outcome = RunOver(input, SnapshotList{1, 2, 3}, false);
    ASSERT_FALSE(outcome.status.ok());
    EXPECT_EQ(outcome.status.error().code(), ErrorCode::kInternal);
  }
}

TEST(CompactionIterator, PassesOnTheErrorOfItsInput) {
  ScriptedIterator input({Put("a", 1)}, Error(ErrorCode::kCorruption, "bad block", "x.arrow", 7));
  const Outcome outcome = RunOver(input, Retention(), true);
  ASSERT_FALSE(outcome.status.ok());
  EXPECT_EQ(outcome.status.error().file(), "x.arrow");
}

// --- against a brute-force model

// What a reader at `sequence` sees of `key`: the newest put or delete at or below it.
const OwnedEntry* Visible(const Entries& entries, const std::string& key, SequenceNumber sequence) {
  const OwnedEntry* best = nullptr;
  for (const OwnedEntry& entry : entries) {
    const bool counts = entry.operation == Operation::kPut || entry.operation == Operation::kDelete;
    if (!counts || entry.key != key || entry.sequence > sequence) continue;
    if (best == nullptr || entry.sequence > best->sequence) best = &entry;
  }
  return best;
}

// Beyond every sequence that RandomEntries makes.
constexpr SequenceNumber kSequenceEnd = 125;

Entries RandomEntries(Random& random, bool with_merges) {
  Entries entries;
  SequenceNumber sequence = 0;
  for (std::uint64_t left = random.Below(40); left != 0; --left) {
    sequence += 1 + random.Below(3);
    const std::string key(1, static_cast<char>('a' + random.Below(5)));
    entries.push_back(random.OneIn(3) ? Delete(key, sequence) : Put(key, sequence));
    if (with_merges && random.OneIn(3)) entries.back() = Merge(key, sequence);
  }
  return entries;
}

// What a reader gets who applies operands by appending them.
std::optional<std::string> ValueAt(const Entries& entries, const std::string& key,
                                   SequenceNumber reader) {
  std::vector<const OwnedEntry*> versions;
  for (const OwnedEntry& entry : entries) {
    if (entry.key == key && entry.sequence <= reader) versions.push_back(&entry);
  }
  std::ranges::sort(versions, std::ranges::greater(), &OwnedEntry::sequence);
  std::optional<std::string> value;
  for (const OwnedEntry* version : versions) {
    if (version->operation == Operation::kDelete) break;
    value = version->value + value.value_or("");
    if (version->operation == Operation::kPut) break;
  }
  return value;
}

// Every reader that may exist now or later must see the same.
void ExpectSameForReaders(const Entries& before, const Outcome& outcome,
                          const SnapshotList& snapshots) {
  SnapshotList readers = snapshots;
  const SequenceNumber present = snapshots.empty() ? kSequenceEnd : snapshots.back();
  for (SequenceNumber later = present; later <= kSequenceEnd; ++later) readers.push_back(later);
  for (const SequenceNumber reader : readers) {
    for (char letter = 'a'; letter < 'f'; ++letter) {
      const std::string key(1, letter);
      ASSERT_EQ(ValueAt(before, key, reader), ValueAt(outcome.survivors, key, reader))
          << key << " at " << reader;
    }
  }
}

// Who began a transaction at a snapshot finds of each key whether it was written since.
void ExpectTraceOfEveryWrite(const Entries& before, const Outcome& outcome,
                             const SnapshotList& snapshots) {
  const auto newest = [](const Entries& entries, const std::string& key) {
    SequenceNumber found = 0;
    for (const OwnedEntry& entry : entries) {
      if (entry.key == key) found = std::max(found, entry.sequence);
    }
    return found;
  };
  for (const SequenceNumber snapshot : snapshots) {
    for (char letter = 'a'; letter < 'f'; ++letter) {
      const std::string key(1, letter);
      ASSERT_EQ(newest(before, key) > snapshot, newest(outcome.survivors, key) > snapshot)
          << key << " after " << snapshot;
    }
  }
}

// Nothing survives that nobody needs.
void ExpectMinimal(const Outcome& outcome, const SnapshotList& snapshots, bool is_bottom) {
  for (const OwnedEntry& entry : outcome.survivors) {
    if (snapshots.empty()) {
      ASSERT_EQ(Visible(outcome.survivors, entry.key, kSequenceMax), &entry);
    } else if (entry.sequence <= snapshots.back()) {
      const bool is_seen = std::any_of(snapshots.begin(), snapshots.end(), [&](auto reader) {
        return Visible(outcome.survivors, entry.key, reader) == &entry;
      });
      ASSERT_TRUE(is_seen) << entry.key << entry.sequence;
    }
    const bool is_trace = !snapshots.empty() && entry.sequence > snapshots.front();
    if (is_bottom && entry.operation == Operation::kDelete && !is_trace) {
      const bool hides = std::any_of(
          outcome.survivors.begin(), outcome.survivors.end(), [&](const OwnedEntry& older) {
            return older.key == entry.key && older.sequence < entry.sequence &&
                   older.operation != Operation::kDelete;
          });
      ASSERT_TRUE(hides) << "delete " << entry.key << entry.sequence << " hides nothing";
    }
  }
}

TEST(CompactionIterator, ShowsEveryReaderTheSameAndKeepsNothingElse) {
  Random random(quiver::testing::TestSeed(41));
  for (int i = 0; i < 2000 && !HasFatalFailure(); ++i) {
    const bool with_merges = random.OneIn(2);
    const Entries entries = RandomEntries(random, with_merges);
    SnapshotList snapshots;
    SequenceNumber snapshot = 0;
    for (std::uint64_t left = random.Below(5); left != 0; --left) {
      snapshots.push_back(snapshot += 1 + random.Below(30));
    }
    const bool is_bottom = random.OneIn(2);
    Retention retention(snapshots);
    if (random.OneIn(2)) retention.merge_operator = &AppendOperator();
    const auto input = NewVectorIterator(entries);
    const Outcome outcome = RunOver(*input, retention, is_bottom);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status.error().ToString();
    SCOPED_TRACE(Text(entries) + " -> " + Text(outcome.survivors));
    ExpectSameForReaders(entries, outcome, snapshots);
    ExpectTraceOfEveryWrite(entries, outcome, snapshots);
    if (!with_merges) ExpectMinimal(outcome, snapshots, is_bottom);
    EXPECT_EQ(outcome.read, entries.size());
    EXPECT_EQ(outcome.read, outcome.survivors.size() + outcome.dropped);
    for (std::size_t k = 1; k < outcome.survivors.size(); ++k) {
      const OwnedEntry& a = outcome.survivors[k - 1];
      const OwnedEntry& b = outcome.survivors[k];
      ASSERT_LT(CompareEntry(a.key, a.sequence, b.key, b.sequence), 0);
    }
  }
}

}  // namespace
}  // namespace quiver
