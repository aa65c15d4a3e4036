// Transactions of many threads: nothing is lost, groups with conflicts inside come out right, and
// the order of commits explains every read.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "base/mutex.h"
#include "base/random.h"
#include "base/schedule_point.h"
#include "db/transaction_impl.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "quiver/quiver.h"
#include "testing/engine_harness.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

using std::chrono::milliseconds;
using testing::HarnessConfig;
using testing::OpenEngine;
using testing::TempDir;
using testing::TestSeed;
using Rows = std::map<std::string, std::string>;

std::unique_ptr<Database> MustOpen(const TempDir& dir, WalMode mode) {
  DatabaseConfig config = HarnessConfig(mode);
  config.merge_operator = MergeOperatorKind::kAppend;
  auto opened = Database::Open(dir.path(), config);
  EXPECT_TRUE(opened) << opened.error().ToString();
  return opened ? *std::move(opened) : nullptr;
}

// --- nothing is lost

class IncrementTest : public ::testing::TestWithParam<std::tuple<WalMode, Isolation>> {};

TEST_P(IncrementTest, EightThreadsLoseNoIncrement) {
  constexpr int kThreads = 8;
  constexpr int kIncrements = 60;
  const auto [mode, isolation] = GetParam();
  const TempDir dir;
  const auto db = MustOpen(dir, mode);
  std::atomic<int> conflicts{0};
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int done = 0; done < kIncrements && wrong.load() == 0;) {
          auto transaction = db->BeginTransaction({.isolation = isolation});
          const auto value = transaction->Get("counter");
          const int count = value && *value ? std::stoi(**value) : 0;
          if (!transaction->Put("counter", std::to_string(count + 1)) ||
              !transaction->Put("own" + std::to_string(t), std::to_string(done + 1))) {
            ++wrong;
          }
          if (const auto committed = transaction->Commit()) {
            ++done;
          } else {
            (committed.error().code() == ErrorCode::kConflict ? conflicts : wrong)++;
          }
        }
      });
    }
  }
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ((*db->Get("counter"))->ToString(), std::to_string(kThreads * kIncrements));
  for (int t = 0; t < kThreads; ++t) {
    EXPECT_EQ((*db->Get("own" + std::to_string(t)))->ToString(), std::to_string(kIncrements));
  }
  RecordProperty("conflicts", conflicts.load());
}

INSTANTIATE_TEST_SUITE_P(Modes, IncrementTest,
                         ::testing::Combine(::testing::Values(WalMode::kSync, WalMode::kAsync),
                                            ::testing::Values(Isolation::kSnapshot,
                                                              Isolation::kSerializable)));

// --- groups

// While the first writer's log write hangs, others queue up; they are one group then.
class GroupTest : public ::testing::Test {
 protected:
  GroupTest() {
    auto opened = OpenEngine(files_, HarnessConfig(WalMode::kSync));
    EXPECT_TRUE(opened) << opened.error().ToString();
    engine_ = *std::move(opened);
    files_.SetHook([this](io::OperationKind kind, std::string_view name) -> std::optional<Error> {
      if (kind == io::OperationKind::kWriteAtDurably && name.ends_with(".wal") &&
          armed_.exchange(false)) {
        hangs_.store(true);
        while (!go_on_.load()) std::this_thread::sleep_for(milliseconds(1));
      }
      return std::nullopt;
    });
  }
  ~GroupTest() override {
    go_on_.store(true);
    engine_.reset();
  }

  Transaction Begin(Isolation isolation = Isolation::kSnapshot) {
    auto begun = Transaction::Impl::Begin(engine_, {.isolation = isolation});
    EXPECT_TRUE(begun) << begun.error().ToString();
    return *std::move(begun);
  }
  // Runs all of `writers` so that they come to the queue in this order, behind a write that hangs.
  void RunAsOneGroup(std::vector<std::function<void()>> writers) {
    armed_.store(true);
    std::vector<std::jthread> threads;
    threads.emplace_back([this] { EXPECT_TRUE(testing::PutInto(*engine_, "first", "v")); });
    while (!hangs_.load()) std::this_thread::sleep_for(milliseconds(1));
    for (const std::function<void()>& writer : writers) {
      threads.emplace_back(writer);
      std::this_thread::sleep_for(milliseconds(20));  // the order; no verdict hangs on it
    }
    go_on_.store(true);
  }
  std::string Now(std::string_view key) {
    return testing::GetFrom(*engine_, key)->value_or("absent");
  }

  io::MemoryFileSystem memory_;
  io::FaultFileSystem files_{memory_};
  std::shared_ptr<Engine> engine_;

 private:
  std::atomic<bool> armed_{false};
  std::atomic<bool> hangs_{false};
  std::atomic<bool> go_on_{false};
};

TEST_F(GroupTest, OfTwoTransactionsThatWriteTheSameKeyOneCommits) {
  std::vector<Transaction> transactions;
  for (int i = 0; i < 2; ++i) {
    transactions.push_back(Begin());
    ASSERT_TRUE(transactions[i].Put("k", std::to_string(i)));
    ASSERT_TRUE(transactions[i].Put("only" + std::to_string(i), "v"));
  }
  std::vector<Result<SequenceNumber>> ends(2);
  RunAsOneGroup(
      {[&] { ends[0] = transactions[0].Commit(); }, [&] { ends[1] = transactions[1].Commit(); }});
  ASSERT_NE(ends[0].ok(), ends[1].ok());
  const int winner = ends[0].ok() ? 0 : 1;
  EXPECT_EQ(ends[1 - winner].error().code(), ErrorCode::kConflict);
  EXPECT_EQ(Now("k"), std::to_string(winner));
  EXPECT_EQ(Now("only" + std::to_string(winner)), "v");
  EXPECT_EQ(Now("only" + std::to_string(1 - winner)), "absent");
}

TEST_F(GroupTest, WriteSkewInsideAGroupIsRefused) {
  Transaction left = Begin(Isolation::kSerializable);
  Transaction right = Begin(Isolation::kSerializable);
  EXPECT_EQ(*left.Get("r"), std::nullopt);
  auto iterator = right.NewIterator({.prefix = "l"});
  ASSERT_TRUE(iterator);
  iterator->SeekToFirst();
  ASSERT_TRUE(left.Put("l", "1"));
  ASSERT_TRUE(right.Put("r", "1"));
  Result<SequenceNumber> left_end;
  Result<SequenceNumber> right_end;
  RunAsOneGroup({[&] { left_end = left.Commit(); }, [&] { right_end = right.Commit(); }});
  EXPECT_NE(left_end.ok(), right_end.ok());
}

TEST_F(GroupTest, APlainWriteAndARangeDeleteInTheGroupCount) {
  Transaction written = Begin();
  Transaction read = Begin(Isolation::kSerializable);
  Transaction apart = Begin(Isolation::kSerializable);
  ASSERT_TRUE(written.Put("k", "own"));
  EXPECT_EQ(*read.Get("d5"), std::nullopt);
  ASSERT_TRUE(read.Put("x", "1"));
  EXPECT_EQ(*apart.Get("e"), std::nullopt);
  ASSERT_TRUE(apart.Put("y", "1"));
  Result<SequenceNumber> written_end;
  Result<SequenceNumber> read_end;
  Result<SequenceNumber> apart_end;
  bool others = false;
  RunAsOneGroup({[&] {
                   std::string batch;
                   AppendBatchEntry(batch, {.key = "k", .value = "plain"});
                   AppendBatchEntry(
                       batch, {.operation = Operation::kRangeDelete, .key = "d", .value = "e"});
                   others = engine_->Write(batch, 2, {}).ok();
                 },
                 [&] { written_end = written.Commit(); }, [&] { read_end = read.Commit(); },
                 [&] { apart_end = apart.Commit(); }});
  EXPECT_TRUE(others);
  EXPECT_TRUE(apart_end.ok()) << "the rest of the group goes on";
  EXPECT_FALSE(read_end.ok());
  EXPECT_FALSE(written_end.ok());
  EXPECT_EQ(Now("k"), "plain");
}

TEST_F(GroupTest, ALeaderThatConflictsLeavesTheLeadToTheNext) {
  Transaction stale = Begin();
  ASSERT_TRUE(stale.Put("k", "stale"));
  ASSERT_TRUE(testing::PutInto(*engine_, "k", "newer"));
  Transaction fresh = Begin();
  ASSERT_TRUE(fresh.Put("k", "fresh"));
  Result<SequenceNumber> stale_end;
  Result<SequenceNumber> fresh_end;
  bool put = false;
  RunAsOneGroup({[&] { stale_end = stale.Commit(); }, [&] { fresh_end = fresh.Commit(); },
                 [&] { put = testing::PutInto(*engine_, "other", "v").ok(); }});
  ASSERT_FALSE(stale_end.ok());
  EXPECT_EQ(stale_end.error().code(), ErrorCode::kConflict);
  EXPECT_TRUE(fresh_end.ok()) << "one that was refused before it does not count";
  EXPECT_TRUE(put);
  EXPECT_EQ(Now("k"), "fresh");
}

TEST_F(GroupTest, AFullDiskLeavesTheTransactionAsItWas) {
  Transaction transaction = Begin(Isolation::kSerializable);
  EXPECT_EQ(*transaction.Get("k"), std::nullopt);
  ASSERT_TRUE(transaction.Put("k", "1"));
  std::atomic<bool> full{true};
  files_.SetHook([&](io::OperationKind kind, std::string_view) -> std::optional<Error> {
    const bool writes =
        kind == io::OperationKind::kWriteAt || kind == io::OperationKind::kWriteAtDurably;
    if (writes && full.load()) return Error(ErrorCode::kNoSpace, "the disk is full");
    return std::nullopt;
  });
  Result<SequenceNumber> committed = transaction.Commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code(), ErrorCode::kNoSpace);
  EXPECT_TRUE(transaction.active());
  EXPECT_EQ(**transaction.Get("k"), "1");
  full.store(false);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!committed && std::chrono::steady_clock::now() < end) {
    committed = transaction.Commit();
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_TRUE(committed) << committed.error().ToString();
  EXPECT_EQ(Now("k"), "1");
}

// --- the order of commits explains every read

struct Step {
  enum class Kind { kGet, kScan, kPut, kDelete, kMerge, kDeleteRange };
  Kind kind = Kind::kGet;
  std::string key;
  std::string end;    // of ranges
  std::string value;  // written
  Rows seen;          // by kGet and kScan
};

struct Done {
  SequenceNumber began = 0;
  SequenceNumber ended = 0;
  bool serializable = false;
  bool writes = false;
  std::vector<Step> steps;
};

std::string KeyOf(std::uint64_t number) {
  return "k" + std::to_string(number);
}

Rows Between(const Rows& rows, const std::string& begin, const std::string& end) {
  return begin < end ? Rows(rows.lower_bound(begin), rows.lower_bound(end)) : Rows();
}

// Runs `done` on `rows`; false if it should have seen something else.
bool Replay(const Done& done, Rows& rows) {
  bool explained = true;
  for (const Step& step : done.steps) {
    switch (step.kind) {
      case Step::Kind::kGet:
        explained &= step.seen == Between(rows, step.key, KeyBehind(step.key));
        break;
      case Step::Kind::kScan: explained &= step.seen == Between(rows, step.key, step.end); break;
      case Step::Kind::kPut: rows[step.key] = step.value; break;
      case Step::Kind::kDelete: rows.erase(step.key); break;
      case Step::Kind::kMerge: rows[step.key] += step.value; break;
      case Step::Kind::kDeleteRange:
        for (const auto& [key, value] : Between(rows, step.key, step.end)) rows.erase(key);
        break;
    }
  }
  return explained;
}

class Worker {
 public:
  Worker(Database& db, std::uint64_t number, std::uint64_t seed)
      : db_(db), name_("w" + std::to_string(number) + "."), random_(seed) {}

  void Run(int transactions) {
    for (int i = 0; i < transactions && wrong.empty(); ++i) RunOne();
  }

  std::vector<Done> done;
  int conflicts = 0;
  std::string wrong;

 private:
  static constexpr std::uint64_t kKeys = 8;

  void RunOne() {
    Done one;
    one.serializable = random_.OneIn(2);
    auto begun = db_.BeginTransaction(
        {.isolation = one.serializable ? Isolation::kSerializable : Isolation::kSnapshot});
    if (!begun) return Say(begun.error());
    one.began = begun->snapshot_sequence();
    for (std::uint64_t steps = 1 + random_.Below(5); steps > 0 && wrong.empty(); --steps) {
      one.steps.push_back(Choose());
      Take(*begun, one.steps.back());
      one.writes |= one.steps.back().kind > Step::Kind::kScan;
      if (random_.OneIn(3)) {
        std::this_thread::sleep_for(std::chrono::microseconds(random_.Below(60)));
      }
    }
    if (const auto committed = begun->Commit()) {
      one.ended = *committed;
      done.push_back(std::move(one));
    } else if (committed.error().code() == ErrorCode::kConflict) {
      ++conflicts;
    } else {
      Say(committed.error());
    }
  }

  Step Choose() {
    Step step;
    const std::uint64_t kind = random_.Below(12);
    step.kind = kind < 4   ? Step::Kind::kGet
                : kind < 6 ? Step::Kind::kScan
                : kind < 9 ? Step::Kind::kPut
                           : static_cast<Step::Kind>(kind - 6);
    step.key = KeyOf(random_.Below(kKeys));
    step.end = KeyOf(random_.Below(kKeys + 1));
    step.value = name_ + std::to_string(++written_) + ";";
    return step;
  }

  void Take(Transaction& transaction, Step& step) {
    Result<void> result;
    switch (step.kind) {
      case Step::Kind::kGet: {
        const auto value = transaction.Get(step.key);
        if (!value) return Say(value.error());
        if (*value) step.seen[step.key] = **value;
        break;
      }
      case Step::Kind::kScan: return Scan(transaction, step);
      case Step::Kind::kPut: result = transaction.Put(step.key, step.value); break;
      case Step::Kind::kDelete: result = transaction.Delete(step.key); break;
      case Step::Kind::kMerge: result = transaction.Merge(step.key, step.value); break;
      case Step::Kind::kDeleteRange: result = transaction.DeleteRange(step.key, step.end); break;
    }
    if (!result) Say(result.error());
  }

  void Scan(Transaction& transaction, Step& step) {
    auto iterator = transaction.NewIterator({.lower_bound = step.key, .upper_bound = step.end});
    if (!iterator) return Say(iterator.error());
    const bool forward = random_.OneIn(2);
    for (forward ? iterator->SeekToFirst() : iterator->SeekToLast(); iterator->Valid();
         forward ? iterator->Next() : iterator->Prev()) {
      step.seen.emplace(iterator->key(), iterator->value());
    }
    if (const Result<void> status = iterator->status(); !status) Say(status.error());
  }

  void Say(const Error& error) { wrong = error.ToString(); }

  Database& db_;
  const std::string name_;
  Random random_;
  std::uint64_t written_ = 0;
};

// Judges a history of everything that was committed.
//  1. Each transaction saw the state of its beginning, with its own writes.
//  2. No key that it wrote was written between its beginning and its end.
//  3. A serializable one would have seen the same had it run at its end.
void Judge(std::vector<Done> history, const Rows& found) {
  std::ranges::sort(history, {}, [](const Done& done) {
    return std::pair(done.ended, !done.writes);  // a reader after the write that it stands on
  });
  std::map<SequenceNumber, Rows> states{{0, {}}};
  std::map<std::string, std::vector<SequenceNumber>> written;
  const auto state_at = [&](SequenceNumber sequence) {
    return std::prev(states.upper_bound(sequence))->second;
  };
  for (const Done& done : history) {
    Rows at_begin = state_at(done.began);
    EXPECT_TRUE(Replay(done, at_begin)) << "of " << done.ended << ", begun at " << done.began;
    if (!done.writes) continue;
    Rows at_end = states.rbegin()->second;
    const bool explained = Replay(done, at_end);
    EXPECT_TRUE(explained || !done.serializable) << "at its end " << done.ended;
    std::set<std::string> keys;
    for (const Step& step : done.steps) {
      if (step.kind == Step::Kind::kDeleteRange) {
        for (std::uint64_t i = 0; i < 10; ++i) {
          if (step.key <= KeyOf(i) && KeyOf(i) < step.end) keys.insert(KeyOf(i));
        }
      } else if (step.kind > Step::Kind::kScan) {
        keys.insert(step.key);
      }
    }
    for (const std::string& key : keys) {
      std::vector<SequenceNumber>& writers = written[key];
      EXPECT_TRUE(writers.empty() || writers.back() <= done.began)
          << key << " of " << done.ended << ", begun at " << done.began;
      writers.push_back(done.ended);
    }
    states[done.ended] = std::move(at_end);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_EQ(states.rbegin()->second, found);
}

TEST(TransactionHistory, TheOrderOfCommitsExplainsEveryRead) {
  constexpr std::uint64_t kWorkers = 4;
  const std::uint64_t seed = TestSeed(18);
  StartSchedule(kScheduleFuzz ? seed : 0);
  const TempDir dir;
  const auto db = MustOpen(dir, WalMode::kAsync);
  std::vector<std::unique_ptr<Worker>> workers;
  std::atomic<bool> stop{false};
  {
    const std::jthread upkeep([&] {
      for (int i = 0; !stop.load(); ++i) {
        EXPECT_TRUE(i % 3 == 0 ? db->CompactRange() : db->Flush());
        std::this_thread::sleep_for(milliseconds(2));
      }
    });
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < kWorkers; ++i) {
      workers.push_back(std::make_unique<Worker>(*db, i, seed * 31 + i));
      threads.emplace_back([worker = workers.back().get()] { worker->Run(700); });
    }
    threads.clear();
    stop.store(true);
  }
  std::vector<Done> history;
  int conflicts = 0;
  for (const auto& worker : workers) {
    ASSERT_EQ(worker->wrong, "");
    conflicts += worker->conflicts;
    std::ranges::move(worker->done, std::back_inserter(history));
  }
  EXPECT_GT(conflicts, 50) << "they hardly met";
  EXPECT_GT(history.size(), 200U) << "hardly any committed";
  std::printf("%zu committed, %d conflicts\n", history.size(), conflicts);
  Rows found;
  auto iterator = db->NewIterator();
  ASSERT_TRUE(iterator);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    found.emplace(iterator->key(), iterator->value());
  }
  Judge(std::move(history), found);
}

}  // namespace
}  // namespace quiver
