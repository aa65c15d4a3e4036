// Transactions: what they see, what makes them conflict, and what must not.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "quiver/quiver.h"
#include "testing/engine_harness.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

using testing::HarnessConfig;
using testing::TempDir;
using Rows = std::map<std::string, std::string>;

constexpr TransactionOptions kSerializable{.isolation = Isolation::kSerializable};

class TransactionTest : public ::testing::Test {
 protected:
  TransactionTest() {
    DatabaseConfig config = HarnessConfig(WalMode::kAsync);
    config.merge_operator = MergeOperatorKind::kAppend;
    auto opened = Database::Open(dir_.path(), config);
    EXPECT_TRUE(opened) << opened.error().ToString();
    db_ = *std::move(opened);
    for (const char* key : {"a", "b", "c"}) EXPECT_TRUE(db_->Put(key, "0"));
  }

  Transaction Begin(const TransactionOptions& options = {}) {
    auto begun = db_->BeginTransaction(options);
    EXPECT_TRUE(begun) << begun.error().ToString();
    return *std::move(begun);
  }
  std::string Now(std::string_view key) {
    const auto value = db_->Get(key);
    EXPECT_TRUE(value) << value.error().ToString();
    return value && *value ? (*value)->ToString() : "absent";
  }

  const TempDir dir_;
  std::unique_ptr<Database> db_;
};

std::string Read(Transaction& transaction, std::string_view key,
                 const Keyspace* keyspace = nullptr) {
  const auto value = transaction.Get(key, keyspace);
  EXPECT_TRUE(value) << value.error().ToString();
  return value && *value ? **value : "absent";
}

Rows Scan(Transaction& transaction, const IteratorOptions& options = {}) {
  auto iterator = transaction.NewIterator(options);
  EXPECT_TRUE(iterator);
  Rows rows;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    rows.emplace(iterator->key(), iterator->value());
  }
  EXPECT_TRUE(iterator->status()) << iterator->status().error().ToString();
  Rows backward;
  for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev()) {
    backward.emplace(iterator->key(), iterator->value());
  }
  EXPECT_EQ(rows, backward);
  return rows;
}

ErrorCode CodeOf(const auto& result) {
  EXPECT_FALSE(result) << "no error";
  return result ? ErrorCode::kInternal : result.error().code();
}

void ExpectConflict(Transaction& transaction, std::string_view key) {
  const auto committed = transaction.Commit();
  ASSERT_FALSE(committed) << "a conflict on " << key << " was missed";
  EXPECT_EQ(committed.error().code(), ErrorCode::kConflict);
  EXPECT_NE(committed.error().message().find("key " + std::string(key) + " "), std::string::npos)
      << committed.error().ToString();
  EXPECT_FALSE(transaction.active());
}

void ExpectCommits(Transaction& transaction) {
  const auto committed = transaction.Commit();
  EXPECT_TRUE(committed) << committed.error().ToString();
}

// --- what it sees

TEST_F(TransactionTest, ItReadsItsSnapshotAndItsOwnWrites) {
  Transaction transaction = Begin();
  ASSERT_TRUE(db_->Put("a", "later"));
  ASSERT_TRUE(db_->Put("new", "later"));
  EXPECT_EQ(Read(transaction, "a"), "0");
  EXPECT_EQ(Read(transaction, "new"), "absent");
  ASSERT_TRUE(transaction.Put("b", "1"));
  ASSERT_TRUE(transaction.Put("b", "2"));
  ASSERT_TRUE(transaction.Delete("c"));
  EXPECT_EQ(Read(transaction, "b"), "2");
  EXPECT_EQ(Read(transaction, "c"), "absent");
  EXPECT_EQ(Now("b"), "0") << "nobody sees it before the commit";
  EXPECT_EQ(Now("c"), "0");
  ExpectCommits(transaction);
  EXPECT_EQ(Now("a"), "later");
  EXPECT_EQ(Now("b"), "2");
  EXPECT_EQ(Now("c"), "absent");
}

TEST_F(TransactionTest, WhatWasRolledBackLeavesNothing) {
  const SequenceNumber before = db_->NewSnapshot()->sequence();
  Transaction transaction = Begin();
  ASSERT_TRUE(transaction.Put("a", "1"));
  transaction.Rollback();
  EXPECT_FALSE(transaction.active());
  EXPECT_EQ(CodeOf(transaction.Commit()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(transaction.Put("a", "1")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(transaction.Get("a")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(transaction.NewIterator()), ErrorCode::kInvalidArgument);
  {
    const Transaction dropped = Begin();
  }
  EXPECT_EQ(Now("a"), "0");
  EXPECT_EQ(db_->NewSnapshot()->sequence(), before);
  EXPECT_EQ(db_->Metrics().snapshots, 0U) << "none is held";
}

TEST_F(TransactionTest, IteratorsMergeOwnWritesOverTheSnapshot) {
  for (const char* key : {"d", "e", "f", "g"}) ASSERT_TRUE(db_->Put(key, "0"));
  Transaction transaction = Begin();
  for (const char* key : {"a", "d", "g", "x"}) ASSERT_TRUE(db_->Put(key, "later"));
  ASSERT_TRUE(db_->Merge("b", "later"));
  ASSERT_TRUE(db_->DeleteRange("e", "g"));
  ASSERT_TRUE(transaction.DeleteRange("c", "f"));
  ASSERT_TRUE(transaction.Put("0", "first"));
  ASSERT_TRUE(transaction.Put("c", "own"));
  ASSERT_TRUE(transaction.Merge("b", "+own"));
  ASSERT_TRUE(transaction.Merge("b", "+more"));
  ASSERT_TRUE(transaction.Merge("e", "alone"));
  ASSERT_TRUE(transaction.Delete("f"));
  ASSERT_TRUE(transaction.Put("y", "gone", {.expiry_us = 1}));
  ASSERT_TRUE(transaction.Put("z", "last"));
  const Rows expected{{"0", "first"}, {"a", "0"}, {"b", "0+own+more"}, {"c", "own"},
                      {"e", "alone"}, {"g", "0"}, {"z", "last"}};
  EXPECT_EQ(Scan(transaction), expected);
  for (const char* key : {"0", "a", "b", "c", "d", "e", "f", "g", "x", "y", "z"}) {
    const auto found = expected.find(key);
    EXPECT_EQ(Read(transaction, key), found == expected.end() ? "absent" : found->second) << key;
  }
  EXPECT_EQ(Scan(transaction, {.lower_bound = "b", .upper_bound = "g"}),
            (Rows{{"b", "0+own+more"}, {"c", "own"}, {"e", "alone"}}));
}

TEST_F(TransactionTest, AnIteratorShowsTheWritesMadeBeforeIt) {
  Transaction transaction = Begin();
  ASSERT_TRUE(transaction.Put("b", "1"));
  auto iterator = transaction.NewIterator();
  ASSERT_TRUE(iterator);
  std::string seen;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    seen += std::string(iterator->key()) + "=" + std::string(iterator->value()) + " ";
    // In front of it, behind it and under it.
    ASSERT_TRUE(transaction.Put(std::string(iterator->key()) + "x", "2"));
    ASSERT_TRUE(transaction.Put(iterator->key(), "2"));
  }
  EXPECT_EQ(seen, "a=0 b=1 c=0 ");
  transaction.Rollback();
  iterator->SeekToFirst();
  ASSERT_TRUE(iterator->Valid()) << "it keeps what it shows";
  EXPECT_EQ(iterator->value(), "0");
}

TEST_F(TransactionTest, OwnMergesApplyToTheSnapshotsValue) {
  Transaction transaction = Begin();
  ASSERT_TRUE(transaction.Merge("a", "1"));
  EXPECT_EQ(Read(transaction, "a"), "01");
  ASSERT_TRUE(transaction.Put("a", "put"));
  ASSERT_TRUE(transaction.Merge("a", "2"));
  EXPECT_EQ(Read(transaction, "a"), "put2");
  ASSERT_TRUE(transaction.Merge("new", "3"));
  EXPECT_EQ(Read(transaction, "new"), "3");
  ExpectCommits(transaction);
  EXPECT_EQ(Now("a"), "put2");
  EXPECT_EQ(Now("new"), "3");
}

// --- conflicts of writes

TEST_F(TransactionTest, ALostUpdateIsRefused) {
  Transaction first = Begin();
  Transaction second = Begin();
  ASSERT_TRUE(first.Put("a", Read(first, "a") + "1"));
  ASSERT_TRUE(second.Put("b", "2"));
  ASSERT_TRUE(second.Put("a", Read(second, "a") + "2"));
  ExpectCommits(first);
  const SequenceNumber before = db_->NewSnapshot()->sequence();
  ExpectConflict(second, "a");
  EXPECT_EQ(Now("a"), "01");
  EXPECT_EQ(Now("b"), "0") << "nothing of a refused transaction is written";
  EXPECT_EQ(db_->NewSnapshot()->sequence(), before);
  EXPECT_EQ(CodeOf(second.Commit()), ErrorCode::kInvalidArgument) << "it is over";
}

TEST_F(TransactionTest, AnyWriteOfOthersConflictsWithOneOfItsOwn) {
  const auto conflicts = [&](const auto& others_write, const auto& own_write,
                             std::string_view key) {
    Transaction transaction = Begin();
    ASSERT_TRUE(own_write(transaction));
    ASSERT_TRUE(others_write());
    ExpectConflict(transaction, key);
  };
  const auto put = [](Transaction& transaction) { return transaction.Put("b", "own"); };
  conflicts([&] { return db_->Put("b", "1"); }, put, "b");
  conflicts([&] { return db_->Delete("b"); }, put, "b");
  conflicts([&] { return db_->Merge("b", "1"); }, put, "b");
  conflicts([&] { return db_->DeleteRange("a", "c"); }, put, "b");
  conflicts([&] { return db_->Put("b", "1"); },
            [](Transaction& transaction) { return transaction.Delete("b"); }, "b");
  conflicts([&] { return db_->Merge("b", "1"); },
            [](Transaction& transaction) { return transaction.Merge("b", "2"); }, "b");
  const auto range = [](Transaction& transaction) { return transaction.DeleteRange("b", "d"); };
  conflicts([&] { return db_->Put("bb", "1"); }, range, "bb");
  conflicts([&] { return db_->DeleteRange("c", "z"); }, range, "c");
}

TEST_F(TransactionTest, WritesElsewhereDoNotConflict) {
  auto keyspace = db_->CreateKeyspace("other", db_->config());
  ASSERT_TRUE(keyspace);
  Transaction transaction = Begin();
  ASSERT_TRUE(transaction.Put("b", "own"));
  ASSERT_TRUE(transaction.DeleteRange("x", "y"));
  ASSERT_TRUE(db_->Put("a", "1"));
  ASSERT_TRUE(db_->Put("bb", "1"));
  ASSERT_TRUE(db_->Put("b", "1", {.keyspace = &*keyspace}));
  ASSERT_TRUE(db_->Put("y", "1"));
  ASSERT_TRUE(db_->DeleteRange("c", "x"));
  ASSERT_TRUE(db_->DeleteRange("a", "b"));
  ExpectCommits(transaction);
  EXPECT_EQ(Now("b"), "own");
}

TEST_F(TransactionTest, AConflictIsFoundWhereverTheOtherWriteLies) {
  const auto flush = [&] { return db_->Flush(); };
  const auto compact = [&] { return db_->CompactRange(); };
  const auto both = [&]() -> Result<void> {
    if (auto done = db_->Flush(); !done) return done;
    return db_->CompactRange();
  };
  for (const std::function<Result<void>()>& settle :
       std::vector<std::function<Result<void>()>>{flush, compact, both}) {
    Transaction written = Begin();
    Transaction key_read = Begin(kSerializable);
    Transaction range_read = Begin(kSerializable);
    ASSERT_TRUE(written.Put("b", "own"));
    (void)Read(key_read, "b");
    (void)Scan(range_read);
    ASSERT_TRUE(key_read.Put("k", "1"));
    ASSERT_TRUE(range_read.Put("k", "1"));
    ASSERT_TRUE(db_->Put("b", "1"));
    ASSERT_TRUE(settle());
    ExpectConflict(written, "b");
    ExpectConflict(key_read, "b");
    ExpectConflict(range_read, "b");
  }
}

// A compaction leaves nothing of a key that was put and deleted; who began before must still find
// that it was written.
TEST_F(TransactionTest, WhatWasWrittenAndDeletedAgainConflictsAfterACompaction) {
  ASSERT_TRUE(db_->CompactRange());
  for (const bool by_range : {false, true}) {
    Transaction written = Begin();
    Transaction key_read = Begin(kSerializable);
    Transaction range_read = Begin(kSerializable);
    ASSERT_TRUE(written.Put("bb", "own"));
    EXPECT_EQ(Read(key_read, "bb"), "absent");
    (void)Scan(range_read, {.lower_bound = "b", .upper_bound = "c"});
    ASSERT_TRUE(key_read.Put("k", "1"));
    ASSERT_TRUE(range_read.Put("k", "1"));
    ASSERT_TRUE(db_->Put("bb", "1"));
    ASSERT_TRUE(by_range ? db_->DeleteRange("bb", "bc") : db_->Delete("bb"));
    ASSERT_TRUE(db_->CompactRange());
    ASSERT_TRUE(db_->CompactRange());
    ExpectConflict(written, "bb");
    ExpectConflict(key_read, "bb");
    ExpectConflict(range_read, "bb");
  }
}

// --- conflicts of reads

TEST_F(TransactionTest, WriteSkewPassesUnderSnapshotIsolationAlone) {
  for (const Isolation isolation : {Isolation::kSnapshot, Isolation::kSerializable}) {
    ASSERT_TRUE(db_->Put("a", "on call"));
    ASSERT_TRUE(db_->Put("b", "on call"));
    Transaction first = Begin({.isolation = isolation});
    Transaction second = Begin({.isolation = isolation});
    EXPECT_EQ(Read(first, "b") + Read(second, "a"), "on callon call");
    ASSERT_TRUE(first.Put("a", "off"));
    ASSERT_TRUE(second.Put("b", "off"));
    ExpectCommits(first);
    if (isolation == Isolation::kSnapshot) {
      ExpectCommits(second);
      EXPECT_EQ(Now("a") + Now("b"), "offoff");
    } else {
      ExpectConflict(second, "a");
      EXPECT_EQ(Now("b"), "on call");
    }
  }
}

TEST_F(TransactionTest, AnAbsentKeyIsRead) {
  Transaction snapshot = Begin();
  Transaction serializable = Begin(kSerializable);
  for (Transaction* transaction : {&snapshot, &serializable}) {
    EXPECT_EQ(Read(*transaction, "new"), "absent");
  }
  ASSERT_TRUE(snapshot.Put("x", "1"));
  ASSERT_TRUE(serializable.Put("y", "1"));
  ASSERT_TRUE(db_->Put("new", "1"));
  ExpectCommits(snapshot);
  ExpectConflict(serializable, "new");
}

TEST_F(TransactionTest, ARangeDeleteOverWhatWasReadConflicts) {
  Transaction key = Begin(kSerializable);
  Transaction range = Begin(kSerializable);
  (void)Read(key, "b");
  (void)Scan(range, {.lower_bound = "b", .upper_bound = "c"});
  ASSERT_TRUE(key.Put("x", "1"));
  ASSERT_TRUE(range.Put("y", "1"));
  ASSERT_TRUE(db_->DeleteRange("aa", "bb"));
  ExpectConflict(key, "b");
  ExpectConflict(range, "b");
}

TEST_F(TransactionTest, APhantomInARangeReadConflicts) {
  Transaction snapshot = Begin();
  Transaction serializable = Begin(kSerializable);
  Transaction elsewhere = Begin(kSerializable);
  for (Transaction* transaction : {&snapshot, &serializable}) {
    EXPECT_EQ(Scan(*transaction, {.lower_bound = "a", .upper_bound = "c"}).size(), 2U);
    ASSERT_TRUE(transaction->Put("count" + std::to_string(transaction == &snapshot), "2"));
  }
  EXPECT_EQ(Scan(elsewhere, {.prefix = "a"}).size(), 1U);
  ASSERT_TRUE(elsewhere.Put("x", "1"));
  ASSERT_TRUE(db_->Put("bb", "phantom"));
  ExpectCommits(snapshot);
  ExpectCommits(elsewhere);
  ExpectConflict(serializable, "bb");
}

// Each row: how an iterator moved, a key that it has not passed over, and one that it has.
TEST_F(TransactionTest, ExactlyWhatAnIteratorPassedOverIsRead) {
  for (const char* key : {"d", "e", "f"}) ASSERT_TRUE(db_->Put(key, "0"));
  const IteratorOptions bounds{.lower_bound = "a", .upper_bound = "f5"};
  struct Case {
    std::function<void(Iterator&)> move;
    std::vector<const char*> outside;
    std::vector<const char*> inside;
  };
  const Case cases[] = {
      {[](Iterator& i) { i.Seek("b"); }, {"a5", "b5"}, {"b"}},
      {[](Iterator& i) { i.Seek("b5"), i.Next(); }, {"b", "d5"}, {"b5", "c5", "d"}},
      {[](Iterator& i) { i.Seek("f1"); }, {"f", "f5"}, {"f1", "f4"}},
      {[](Iterator& i) { i.SeekToFirst(); }, {"a1", "9"}, {"a"}},
      {[](Iterator& i) { i.SeekToLast(); }, {"e5", "f5", "g"}, {"f", "f4"}},
      {[](Iterator& i) { i.SeekForPrev("d5"); }, {"c5", "d51"}, {"d", "d4", "d5"}},
      {[](Iterator& i) { i.SeekForPrev("d5"), i.Prev(); }, {"b5", "d51"}, {"c", "c5", "d5"}},
      {[](Iterator& i) { i.SeekForPrev("a"), i.Prev(); }, {"9", "a1"}, {"a"}},
      {[](Iterator& i) { i.Seek("c"), i.Next(), i.Prev(), i.Prev(); }, {"a5", "d5"}, {"b", "d"}},
      {[](Iterator& i) { i.Seek("c"), i.Prev(), i.Next(), i.Next(); }, {"a5", "d5"}, {"b5", "d"}},
      {[](Iterator& i) { i.Seek("b"), i.Seek("e"); }, {"c", "d"}, {"b", "e"}},
  };
  for (std::size_t number = 0; number < std::size(cases); ++number) {
    const Case& one = cases[number];
    const auto judge = [&](const char* key, bool conflicts) {
      SCOPED_TRACE("case " + std::to_string(number) + ", key " + key);
      Transaction transaction = Begin(kSerializable);
      auto iterator = transaction.NewIterator(bounds);
      ASSERT_TRUE(iterator);
      one.move(*iterator);
      ASSERT_TRUE(transaction.Put("result", "1"));
      const bool there = Now(key) != "absent";
      ASSERT_TRUE(db_->Put(key, "0"));
      if (conflicts) {
        ExpectConflict(transaction, key);
      } else {
        ExpectCommits(transaction);
      }
      if (!there) {
        ASSERT_TRUE(db_->Delete(key));
      }
    };
    for (const char* key : one.outside) judge(key, false);
    for (const char* key : one.inside) judge(key, true);
  }
}

TEST_F(TransactionTest, AScanToAnOpenEndReadsEverythingBehind) {
  Transaction transaction = Begin(kSerializable);
  auto iterator = transaction.NewIterator();
  ASSERT_TRUE(iterator);
  iterator->Seek("c");
  iterator->Next();
  EXPECT_FALSE(iterator->Valid());
  ASSERT_TRUE(transaction.Put("a", "1"));
  ASSERT_TRUE(db_->Put("zzz", "1"));
  ExpectConflict(transaction, "zzz");
}

TEST_F(TransactionTest, WithoutWritesItAlwaysCommits) {
  Transaction transaction = Begin(kSerializable);
  (void)Scan(transaction);
  ASSERT_TRUE(db_->Put("a", "1"));
  const auto committed = transaction.Commit();
  ASSERT_TRUE(committed);
  EXPECT_EQ(*committed, transaction.snapshot_sequence());
  EXPECT_FALSE(transaction.active());
}

// --- surroundings

TEST_F(TransactionTest, OneOverSeveralKeyspacesIsAtomic) {
  auto keyspace = db_->CreateKeyspace("other", db_->config());
  ASSERT_TRUE(keyspace);
  Transaction transaction = Begin();
  ASSERT_TRUE(transaction.Put("a", "1"));
  ASSERT_TRUE(transaction.Put("a", "2", {.keyspace = &*keyspace}));
  EXPECT_EQ(Read(transaction, "a"), "1");
  EXPECT_EQ(Read(transaction, "a", &*keyspace), "2");
  ASSERT_TRUE(db_->Put("a", "9", {.keyspace = &*keyspace}));
  ExpectConflict(transaction, "a");
  EXPECT_EQ(Now("a"), "0");
}

TEST_F(TransactionTest, ADroppedKeyspaceEndsThoseThatReadOrWroteIt) {
  auto keyspace = db_->CreateKeyspace("other", db_->config());
  ASSERT_TRUE(keyspace);
  Transaction reader = Begin(kSerializable);
  Transaction writer = Begin();
  (void)Read(reader, "a", &*keyspace);
  ASSERT_TRUE(reader.Put("r", "1"));
  ASSERT_TRUE(writer.Put("w", "1"));
  ASSERT_TRUE(writer.Put("w", "1", {.keyspace = &*keyspace}));
  ASSERT_TRUE(db_->DropKeyspace(*keyspace));
  EXPECT_EQ(CodeOf(reader.Commit()), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(writer.Commit()), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(writer.Put("w", "1", {.keyspace = &*keyspace})), ErrorCode::kNotFound);
  EXPECT_EQ(Now("r") + Now("w"), "absentabsent");
}

TEST_F(TransactionTest, WrongArgumentsAreRefusedAtOnceAndAddNothing) {
  Transaction transaction = Begin();
  EXPECT_EQ(CodeOf(transaction.Put(std::string(kKeyBytesMax + 1, 'k'), "v")),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(transaction.DeleteRange("a", std::string(kKeyBytesMax + 1, 'k'))),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(transaction.Delete("a", {.expiry_us = 1})), ErrorCode::kInvalidArgument);
  const auto snapshot = db_->NewSnapshot();
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(CodeOf(transaction.NewIterator({.snapshot = &*snapshot})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(*transaction.Commit(), transaction.snapshot_sequence()) << "nothing was added";
  EXPECT_EQ(CodeOf(db_->BeginTransaction({.isolation = static_cast<Isolation>(7)})),
            ErrorCode::kInvalidArgument);
  Transaction moved = Begin();
  const Transaction to = std::move(moved);
  EXPECT_EQ(CodeOf(moved.Commit()),
            ErrorCode::kInvalidArgument);  // NOLINT(bugprone-use-after-move)
}

TEST_F(TransactionTest, ItMayOutliveItsDatabase) {
  Transaction transaction = Begin();
  ASSERT_TRUE(transaction.Put("a", "1"));
  db_.reset();
  EXPECT_EQ(CodeOf(transaction.Get("a")), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(transaction.Put("a", "1")), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(transaction.Commit()), ErrorCode::kClosed);
  transaction.Rollback();
}

TEST_F(TransactionTest, AReadOnlyDatabaseTakesReadsAlone) {
  ASSERT_TRUE(db_->Close());
  auto opened = Database::OpenReadOnly(dir_.path());
  ASSERT_TRUE(opened);
  auto transaction = (*opened)->BeginTransaction();
  ASSERT_TRUE(transaction);
  EXPECT_EQ(Read(*transaction, "a"), "0");
  ASSERT_TRUE(transaction->Put("a", "1"));
  EXPECT_EQ(Read(*transaction, "a"), "1");
  EXPECT_EQ(CodeOf(transaction->Commit()), ErrorCode::kReadOnly);
}

TEST_F(TransactionTest, WhatWasCommittedSurvivesAReopening) {
  Transaction transaction = Begin(kSerializable);
  ASSERT_TRUE(transaction.DeleteRange("a", "c"));
  ASSERT_TRUE(transaction.Put("b", "1"));
  const auto committed = transaction.Commit({.wal_mode = WalMode::kSync});
  ASSERT_TRUE(committed);
  EXPECT_GE(db_->DurableSequence(), *committed);
  db_.reset();
  auto opened = Database::Open(dir_.path(), Database::StoredConfig(dir_.path()).value());
  ASSERT_TRUE(opened);
  db_ = *std::move(opened);
  EXPECT_EQ(Now("a"), "absent");
  EXPECT_EQ(Now("b"), "1");
}

}  // namespace
}  // namespace quiver
