// All kinds of entry together against a model that keeps every version and answers by the
// definitions: puts and merges with and without a time to live, deletes, range deletes, snapshots,
// flushes, compactions, crashes and reopenings, for every memtable and strategy.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "io/fault_file_system.h"
#include "io/manual_clock.h"
#include "io/memory_file_system.h"
#include "testing/arrow_consumer.h"
#include "testing/engine_harness.h"
#include "testing/entry_model.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using Rows = testing::EntryModel::Rows;

class EntryKindsModelTest : public ::testing::TestWithParam<MemtableKind> {
 protected:
  struct Held {
    Snapshot snapshot;
    Rows rows;
  };

  void Open() {
    DatabaseConfig config = testing::HarnessConfig(WalMode::kSync);
    config.merge_operator = MergeOperatorKind::kAppend;
    config.memtable_kind = GetParam();
    config.memtable_hash_buckets = 64;
    config.compaction_strategy = strategy_;
    config.memtable_size_bytes = 32 << 10;
    config.table_size_bytes = 16 << 10;
    config.level_base_bytes = 64 << 10;
    io::Environment environment = io::SystemEnvironment();
    files_ = std::make_unique<io::FaultFileSystem>(disk_);
    environment.file_system = files_.get();
    environment.clock = &clock_;
    auto opened = Engine::Open(environment, "/db", config, OpenMode::kReadWrite);
    ASSERT_TRUE(opened) << opened.error().ToString();
    engine_ = *std::move(opened);
  }

  std::string AnyKey() { return "key" + std::to_string(100 + random_() % 60); }

  void Write() {
    std::string encoded;
    std::vector<BatchEntry> entries;
    std::vector<std::pair<std::string, std::string>> bytes;
    const auto count = static_cast<std::uint32_t>(random_() % 4 + 1);
    bytes.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      bytes.emplace_back(AnyKey(), std::string(random_() % 40, static_cast<char>('a' + i)));
      BatchEntry entry{.key = bytes.back().first, .value = bytes.back().second};
      switch (random_() % 10) {
        case 0: entry.operation = Operation::kDelete; break;
        case 1:
          if (random_() % 4 != 0) break;
          entry.operation = Operation::kRangeDelete;
          bytes.back().second = "key" + std::to_string(100 + random_() % 70);
          entry.value = bytes.back().second;
          break;
        case 2:
        case 3:
        case 4:
        case 5: entry.operation = Operation::kMerge; break;
        default: break;
      }
      const bool can_expire =
          entry.operation == Operation::kPut || entry.operation == Operation::kMerge;
      if (can_expire && random_() % 3 == 0) {
        entry.expiry_us = clock_.WallMicros() + random_() % 3'000'000;
      }
      if (entry.operation == Operation::kDelete) entry.value = {};
      AppendBatchEntry(encoded, entry);
      entries.push_back(entry);
    }
    const auto written = engine_->Write(encoded, count, {});
    ASSERT_TRUE(written) << written.error().ToString();
    last_ = *written;
    SequenceNumber sequence = last_ - count + 1;
    for (const BatchEntry& entry : entries) history_.Add(entry, sequence++);
  }

  void CompareScan(const Rows& expected, const Snapshot* snapshot) {
    auto iterator = engine_->NewIterator({.snapshot = snapshot});
    ASSERT_TRUE(iterator);
    Rows forward;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      forward.emplace(iterator->key(), iterator->value());
    }
    ASSERT_TRUE(iterator->status()) << iterator->status().error().ToString();
    for (const auto& [key, value] : expected) {
      ASSERT_TRUE(forward.contains(key)) << history_.Describe(key, clock_.WallMicros());
      ASSERT_EQ(forward[key], value) << history_.Describe(key, clock_.WallMicros());
    }
    for (const auto& [key, value] : forward) {
      ASSERT_TRUE(expected.contains(key)) << history_.Describe(key, clock_.WallMicros());
    }
    Rows backward;
    for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev()) {
      backward.emplace(iterator->key(), iterator->value());
    }
    ASSERT_EQ(backward, expected);
    CompareStream(expected, snapshot);
  }

  void CompareStream(const Rows& expected, const Snapshot* snapshot) {
    testing::ArrowConsumer consumer;
    ASSERT_TRUE(engine_->ExportArrowStream({.snapshot = snapshot}, &consumer.stream));
    consumer.ReadAll();
    ASSERT_EQ(consumer.error, "");
    Rows streamed;
    for (const testing::ArrowRow& row : consumer.rows)
      streamed.emplace(row.key.value(), row.value.value());
    ASSERT_EQ(streamed, expected);
  }

  // A walk to and fro from a random place, in stretches long enough for spans of rows.
  void CompareWalk(const Rows& expected, const Snapshot* snapshot) {
    auto iterator = engine_->NewIterator({.snapshot = snapshot});
    const std::string target = AnyKey();
    iterator->Seek(target);
    auto place = expected.lower_bound(target);
    bool forward = random_() % 2 == 0;
    for (int i = 0; i < 60; ++i) {
      ASSERT_EQ(iterator->Valid(), place != expected.end());
      if (place == expected.end()) return;
      ASSERT_EQ(iterator->key(), place->first);
      ASSERT_EQ(iterator->value(), place->second);
      if (random_() % 8 == 0) forward = !forward;
      if (forward && (std::next(place) != expected.end() || random_() % 2 == 0)) {
        iterator->Next();
        ++place;
      } else {
        iterator->Prev();
        if (place == expected.begin()) {
          ASSERT_FALSE(iterator->Valid());
          return;
        }
        --place;
      }
    }
  }

  void CompareGets(const Rows& expected, const Snapshot* snapshot) {
    for (int i = 0; i < 20; ++i) {
      const std::string key = AnyKey();
      const EpochGuard guard(engine_->core().epochs);
      TableAnswer found;
      const auto hit = engine_->Get(key, {.snapshot = snapshot}, /*want_pin=*/false, found);
      ASSERT_TRUE(hit) << hit.error().ToString();
      const auto row = expected.find(key);
      ASSERT_EQ(*hit, row != expected.end()) << history_.Describe(key, clock_.WallMicros());
      if (*hit) {
        ASSERT_EQ(found.answer.value, row->second) << key;
      }
    }
  }

  void CompareAll() {
    const Rows now = history_.At(last_, clock_.WallMicros());
    CompareScan(now, nullptr);
    CompareGets(now, nullptr);
    CompareWalk(now, nullptr);
    for (const Held& held : held_) {
      CompareScan(held.rows, &held.snapshot);
      CompareGets(held.rows, &held.snapshot);
      CompareWalk(held.rows, &held.snapshot);
    }
  }

  void Step() {
    const std::uint64_t dice = random_() % 1000;
    if (dice < 20) {
      clock_.Advance(random_() % 1'000'000'000);
    } else if (dice < 30) {
      auto snapshot = engine_->NewSnapshot();
      ASSERT_TRUE(snapshot);
      held_.push_back({*snapshot, history_.At(last_, clock_.WallMicros())});
      if (held_.size() > 4) {
        held_.erase(held_.begin() + static_cast<long>(random_() % held_.size()));
      }
    } else if (dice < 40) {
      ASSERT_TRUE(engine_->Flush());
    } else if (dice < 46) {
      const std::string begin = AnyKey();
      const std::string end = AnyKey();
      const auto done =
          dice < 43 ? engine_->CompactRange({}, {}) : engine_->CompactRange(begin, end);
      ASSERT_TRUE(done) << done.error().ToString();
    } else if (dice < 60) {
      CompareAll();
    } else {
      Write();
    }
  }

  void End() {
    held_.clear();
    const std::uint64_t end = random_() % 3;
    if (end != 0) {
      files_->SetHook([](io::OperationKind, std::string_view) {
        return std::optional(Error(ErrorCode::kIo, "injected"));
      });
    }
    const auto closed = engine_->Close();
    if (end == 0) {
      ASSERT_TRUE(closed) << closed.error().ToString();
    }
    engine_.reset();
    if (end == 2) disk_.Crash();
  }

  io::MemoryFileSystem disk_;
  std::unique_ptr<io::FaultFileSystem> files_;
  io::ManualClock clock_;
  CompactionStrategyKind strategy_ = CompactionStrategyKind::kLeveled;
  std::shared_ptr<Engine> engine_;
  testing::EntryModel history_{MergeOperatorKind::kAppend};
  SequenceNumber last_ = 0;
  std::vector<Held> held_;
  std::mt19937_64 random_{testing::TestSeed(1) * 100 + static_cast<std::uint64_t>(GetParam())};
};

TEST_P(EntryKindsModelTest, AgreesWithTheDefinitions) {
  constexpr CompactionStrategyKind kStrategies[] = {CompactionStrategyKind::kLeveled,
                                                    CompactionStrategyKind::kTiered,
                                                    CompactionStrategyKind::kLazyLeveling};
  for (int life = 0; life < 6; ++life) {
    strategy_ = kStrategies[life % 3];
    Open();
    CompareAll();
    for (int step = 0; step < 1200 && !HasFatalFailure(); ++step) Step();
    ASSERT_FALSE(HasFatalFailure()) << "in life " << life;
    End();
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, EntryKindsModelTest,
                         ::testing::Values(MemtableKind::kSorted, MemtableKind::kSkiplist,
                                           MemtableKind::kTrie, MemtableKind::kLinkedList,
                                           MemtableKind::kHashLinkedList,
                                           MemtableKind::kEnhancedSkiplist,
                                           MemtableKind::kHashSkiplist, MemtableKind::kVector));

}  // namespace
}  // namespace quiver
