#include "iterator/merging_iterator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/random.h"
#include "iterator/vector_iterator.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using Children = std::vector<std::unique_ptr<InternalIterator>>;

// Orders (key, sequence) as entries are ordered everywhere.
struct EntryOrder {
  using Place = std::pair<std::string, SequenceNumber>;
  bool operator()(const Place& a, const Place& b) const {
    return CompareEntry(a.first, a.second, b.first, b.second) < 0;
  }
};
using Model = std::map<EntryOrder::Place, OwnedEntry, EntryOrder>;

// Hands out the entries of a VectorIterator from one buffer that it overwrites at every move, and
// fails at will: a child that keeps to the letter of the contract and no more.
class StrictIterator final : public InternalIterator {
 public:
  explicit StrictIterator(std::vector<OwnedEntry> entries)
      : inner_(NewVectorIterator(std::move(entries))) {}

  /// From now on the iterator fails instead of showing `key`.
  void FailAt(std::string key) { failing_key_ = std::move(key); }
  void Heal() { failing_key_.reset(); }

  void SeekToFirst() override {
    inner_->SeekToFirst();
    Show();
  }
  void SeekToLast() override {
    inner_->SeekToLast();
    Show();
  }
  void Seek(std::string_view key, SequenceNumber sequence) override {
    inner_->Seek(key, sequence);
    Show();
  }
  void SeekForPrev(std::string_view key, SequenceNumber sequence) override {
    inner_->SeekForPrev(key, sequence);
    Show();
  }
  void Next() override {
    ASSERT_TRUE(valid_) << "Next on an iterator that is not valid";
    inner_->Next();
    Show();
  }
  void Prev() override {
    ASSERT_TRUE(valid_) << "Prev on an iterator that is not valid";
    inner_->Prev();
    Show();
  }
  Result<void> status() const override { return status_; }

 private:
  void Show() {
    std::fill(shown_.key.begin(), shown_.key.end(), '?');
    std::fill(shown_.value.begin(), shown_.value.end(), '?');
    valid_ = inner_->Valid();
    status_ = {};
    if (valid_ && failing_key_ == inner_->entry().key) {
      valid_ = false;
      status_ = Error(ErrorCode::kCorruption, "bad block");
    }
    if (!valid_) return;
    const EntryView& entry = inner_->entry();
    shown_ = {std::string(entry.key), std::string(entry.value), entry.sequence, entry.operation,
              entry.expiry_us};
    entry_ = shown_.view();
  }

  std::unique_ptr<InternalIterator> inner_;
  OwnedEntry shown_;
  Result<void> status_;
  std::optional<std::string> failing_key_;
};

// Keys that share prefixes of many lengths, some shorter than a word and some with zero bytes.
std::string RandomKey(Random& random) {
  constexpr std::string_view kStems[] = {"", "a", "user0000", "user0000customer", "\xFF\xFF"};
  std::string key(kStems[random.Below(std::size(kStems))]);
  const std::uint64_t tail = random.Below(4);
  for (std::uint64_t i = 0; i < tail; ++i) key += static_cast<char>(random.Below(3));
  return key;
}

// Spreads random entries over `child_count` children, some of which stay empty.
Children MakeChildren(Random& random, std::size_t child_count, Model& model) {
  std::vector<std::vector<OwnedEntry>> entries(child_count);
  const std::size_t total = random.Below(60);
  const std::size_t filled = 1 + random.Below(child_count);
  for (SequenceNumber sequence = 1; sequence <= total; ++sequence) {
    OwnedEntry entry{.key = RandomKey(random),
                     .value = "v" + std::to_string(sequence),
                     .sequence = sequence,
                     .operation = random.OneIn(4) ? Operation::kDelete : Operation::kPut,
                     .expiry_us = random.Below(3)};
    model.insert({{entry.key, sequence}, entry});
    entries[random.Below(filled)].push_back(std::move(entry));
  }
  Children children;
  for (auto& child : entries)
    children.push_back(std::make_unique<StrictIterator>(std::move(child)));
  return children;
}

void ExpectSame(const InternalIterator& iterator, const Model& model, Model::const_iterator at) {
  ASSERT_EQ(iterator.Valid(), at != model.end());
  ASSERT_TRUE(iterator.status().ok());
  if (at == model.end()) return;
  const EntryView& entry = iterator.entry();
  ASSERT_EQ(entry.key, at->second.key);
  ASSERT_EQ(entry.sequence, at->second.sequence);
  ASSERT_EQ(entry.value, at->second.value);
  ASSERT_EQ(entry.operation, at->second.operation);
  ASSERT_EQ(entry.expiry_us, at->second.expiry_us);
}

// One random move of both. `at` is the end of the model when the iterator is not valid.
void Move(Random& random, InternalIterator& iterator, const Model& model,
          Model::const_iterator& at) {
  const std::uint64_t dice = random.Below(20);
  if (iterator.Valid() && dice < 16) {
    // Runs in one direction with a turn now and then.
    const bool forward = (dice & 8) == 0;
    const std::uint64_t steps = 1 + random.Below(4);
    for (std::uint64_t i = 0; i < steps && iterator.Valid(); ++i) {
      if (forward) {
        iterator.Next();
        ++at;
      } else {
        iterator.Prev();
        at = at == model.begin() ? model.end() : std::prev(at);
      }
      ASSERT_NO_FATAL_FAILURE(ExpectSame(iterator, model, at));
    }
    return;
  }
  const std::string key = RandomKey(random);
  const SequenceNumber sequence = random.OneIn(3) ? kSequenceMax : random.Below(60);
  switch (dice % 4) {
    case 0:
      iterator.SeekToFirst();
      at = model.begin();
      break;
    case 1:
      iterator.SeekToLast();
      at = model.empty() ? model.end() : std::prev(model.end());
      break;
    case 2:
      iterator.Seek(key, sequence);
      at = model.lower_bound({key, sequence});
      break;
    default:
      iterator.SeekForPrev(key, sequence);
      at = model.upper_bound({key, sequence});
      at = at == model.begin() ? model.end() : std::prev(at);
      break;
  }
  ExpectSame(iterator, model, at);
}

TEST(MergingIterator, AgreesWithASortedMapUnderRandomMoves) {
  Random random(testing::TestSeed(5));
  for (std::size_t round = 0; round < 600; ++round) {
    const std::size_t child_count = 1 + round % 12;
    Model model;
    const auto iterator = NewMergingIterator(MakeChildren(random, child_count, model));
    ASSERT_FALSE(iterator->Valid());
    Model::const_iterator at = model.end();
    for (int move = 0; move < 150; ++move) {
      Move(random, *iterator, model, at);
      if (HasFatalFailure()) FAIL() << child_count << " children, move " << move;
    }
  }
}

TEST(MergingIterator, NewestVersionsComeFirstAcrossChildren) {
  Children children;
  children.push_back(NewVectorIterator({{.key = "a", .sequence = 4}, {.key = "b", .sequence = 7}}));
  children.push_back(NewVectorIterator({{.key = "a", .sequence = 9}, {.key = "b", .sequence = 1}}));
  const auto iterator = NewMergingIterator(std::move(children));
  std::vector<SequenceNumber> sequences;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    sequences.push_back(iterator->entry().sequence);
  }
  EXPECT_EQ(sequences, (std::vector<SequenceNumber>{9, 4, 7, 1}));
}

TEST(MergingIterator, ASingleChildIsHandedBackItself) {
  Children children;
  children.push_back(NewVectorIterator({{.key = "a", .sequence = 1}}));
  const InternalIterator* child = children.front().get();
  EXPECT_EQ(NewMergingIterator(std::move(children)).get(), child);
}

TEST(MergingIterator, NoChildrenMeansNoEntries) {
  const auto iterator = NewMergingIterator({});
  iterator->SeekToFirst();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(iterator->status().ok());
}

TEST(MergingIterator, EmptyChildrenDoNotShow) {
  Children children;
  children.push_back(NewEmptyIterator());
  children.push_back(NewVectorIterator({{.key = "a", .sequence = 1}}));
  children.push_back(NewEmptyIterator());
  const auto iterator = NewMergingIterator(std::move(children));
  iterator->SeekToLast();
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->entry().key, "a");
  iterator->Prev();
  EXPECT_FALSE(iterator->Valid());
}

// Three children a..e, c..g and e..i, the middle one failing at one of its keys.
class FailingMergeTest : public ::testing::Test {
 protected:
  FailingMergeTest() {
    Children children;
    for (std::size_t i = 0; i < 3; ++i) {
      std::vector<OwnedEntry> entries;
      for (std::size_t k = 0; k < 5; ++k) {
        const char letter = static_cast<char>('a' + 2 * i + k);
        entries.push_back({.key = std::string(1, letter), .sequence = 1 + i});
      }
      auto child = std::make_unique<StrictIterator>(std::move(entries));
      if (i == 1) middle_ = child.get();
      children.push_back(std::move(child));
    }
    iterator_ = NewMergingIterator(std::move(children));
  }

  void ExpectError() {
    EXPECT_FALSE(iterator_->Valid());
    ASSERT_FALSE(iterator_->status().ok());
    EXPECT_EQ(iterator_->status().error().code(), ErrorCode::kCorruption);
  }

  StrictIterator* middle_ = nullptr;
  std::unique_ptr<InternalIterator> iterator_;
};

TEST_F(FailingMergeTest, AnErrorDuringASeekEndsTheMerge) {
  middle_->FailAt("c");
  iterator_->SeekToFirst();
  ExpectError();
}

TEST_F(FailingMergeTest, AnErrorDuringNextEndsTheMergeBeforeAnythingIsSkipped) {
  middle_->FailAt("e");
  iterator_->SeekToFirst();
  std::string seen;
  for (; iterator_->Valid(); iterator_->Next()) seen += iterator_->entry().key;
  EXPECT_EQ(seen, "abccd") << "the middle d comes first and its successor fails";
  ExpectError();
}

TEST_F(FailingMergeTest, AnErrorDuringPrevEndsTheMergeBeforeAnythingIsSkipped) {
  middle_->FailAt("e");
  iterator_->SeekToLast();
  std::string seen;
  for (; iterator_->Valid(); iterator_->Prev()) seen += iterator_->entry().key;
  EXPECT_EQ(seen, "ihggf") << "the middle f comes first and its predecessor fails";
  ExpectError();
}

TEST_F(FailingMergeTest, AnErrorWhileTurningRoundEndsTheMerge) {
  iterator_->Seek("e", kSequenceMax);
  ASSERT_EQ(iterator_->entry().sequence, 3U) << "the third child's e, the newest";
  middle_->FailAt("d");
  iterator_->Prev();
  ExpectError();
}

TEST_F(FailingMergeTest, TheErrorStaysUntilASeek) {
  middle_->FailAt("c");
  iterator_->SeekToFirst();
  ExpectError();
  ExpectError();
  middle_->Heal();
  iterator_->SeekToFirst();
  ASSERT_TRUE(iterator_->Valid());
  EXPECT_TRUE(iterator_->status().ok());
  EXPECT_EQ(iterator_->entry().key, "a");
}

TEST(MergingIterator, AnErrorChildEndsTheMergeAtOnce) {
  Children children;
  children.push_back(NewVectorIterator({{.key = "a", .sequence = 1}}));
  children.push_back(NewErrorIterator(Error(ErrorCode::kIo, "gone")));
  const auto iterator = NewMergingIterator(std::move(children));
  iterator->Seek("a", kSequenceMax);
  EXPECT_FALSE(iterator->Valid());
  ASSERT_FALSE(iterator->status().ok());
  EXPECT_EQ(iterator->status().error().code(), ErrorCode::kIo);
}

TEST(ErrorIterator, ReportsItsErrorWhateverIsAsked) {
  const auto iterator = NewErrorIterator(Error(ErrorCode::kIo, "gone"));
  EXPECT_FALSE(iterator->Valid());
  iterator->SeekToLast();
  iterator->Seek("a", 1);
  iterator->SeekForPrev("a", 1);
  EXPECT_FALSE(iterator->Valid());
  EXPECT_EQ(iterator->status().error().message(), "gone");
}

TEST(EmptyIterator, HasNeitherEntriesNorErrors) {
  const auto iterator = NewEmptyIterator();
  iterator->SeekToFirst();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(iterator->status().ok());
}

}  // namespace
}  // namespace quiver
