// Goal: whatever mix of memtable, strategy, log mode and compression a database has, it answers as
// a std::map does.
//
// Method: 1,000,000 random operations a configuration (QUIVER_MODEL_OPERATIONS changes it): puts,
// deletes, batches, gets, multi-gets, iterators both ways with bounds, snapshots, flushes, range
// compactions and reopenings, compared after each read. Every memtable kind and every strategy
// appears; small memtables make flushes and compactions frequent.
#include "testing/model.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>

#include "quiver/database.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

using testing::Model;
using testing::ModelKey;
using testing::ModelValue;

struct ModelCase {
  MemtableKind memtable;
  CompactionStrategyKind strategy;
  WalMode wal;
  CompressionKind compression;
};

std::uint64_t OperationCount() {
  const char* text = std::getenv("QUIVER_MODEL_OPERATIONS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 1'000'000;
}

class ModelTest : public ::testing::TestWithParam<ModelCase> {
 protected:
  struct HeldSnapshot {
    Snapshot snapshot;
    Model model;
  };
  static constexpr std::uint64_t kKeySpace = 3000;

  void SetUp() override {
    const ModelCase& c = GetParam();
    config_.memtable_kind = c.memtable;
    config_.compaction_strategy = c.strategy;
    config_.wal_mode = c.wal;
    config_.compression = c.compression;
    config_.compression_bottom = c.compression;
    config_.memtable_size_bytes = 256 << 10;
    config_.memtable_hash_buckets = 1024;
    config_.memory_limit_bytes = 64 << 20;
    config_.table_size_bytes = 256 << 10;
    config_.level_base_bytes = 1 << 20;
    config_.block_size_bytes = 4096;
    config_.value_chunk_bytes = 4096;
    config_.fifo_size_limit_bytes = std::uint64_t{1} << 40;
    config_.disk_reserve_bytes = 0;
    Open();
  }

  void Open() {
    auto opened = Database::Open(dir_.path() / "db", config_);
    ASSERT_TRUE(opened) << opened.error().ToString();
    db_ = std::move(*opened);
  }

  void Reopen() {
    snapshots_.clear();
    const auto closed = db_->Close();
    ASSERT_TRUE(closed) << closed.error().ToString();
    db_.reset();
    // Every setting but the widths may change at an open, whatever the tables and the log hold.
    config_.compaction_strategy = static_cast<CompactionStrategyKind>(random_.Below(4));
    config_.compression = static_cast<CompressionKind>(random_.Below(3));
    config_.compression_bottom = static_cast<CompressionKind>(random_.Below(3));
    config_.filter_bits_per_key = random_.OneIn(4) ? 0 : 10;
    config_.level_count_max = random_.OneIn(3) ? 3 : 7;
    Open();
  }

  void Step() {
    const std::uint64_t dice = random_.Below(1000);
    if (dice < 380) return Put();
    if (dice < 480) return Delete();
    if (dice < 520) return WriteABatch();
    if (dice < 850) return Get();
    if (dice < 860) return MultiGet();
    if (dice < 960) return ShortScan();
    if (dice < 970) return TakeOrDropSnapshot();
    if (dice == 990 && random_.OneIn(40)) return CheckOk(db_->Flush());
    if (dice == 991 && random_.OneIn(100)) return Compact();
    if (dice == 992 && random_.OneIn(60)) return Reopen();
    if (dice == 993 && random_.OneIn(20)) return FullScan();
  }

  void CheckOk(const Result<void>& result) { ASSERT_TRUE(result) << result.error().ToString(); }

  void Put() {
    const std::string key = ModelKey(random_, kKeySpace);
    const std::string value = ModelValue(random_, stamp_++);
    CheckOk(db_->Put(key, value));
    model_[key] = value;
  }

  void Delete() {
    const std::string key = ModelKey(random_, kKeySpace);
    CheckOk(db_->Delete(key));
    model_.erase(key);
  }

  void WriteABatch() {
    WriteBatch batch;
    for (std::uint64_t i = random_.Below(12); i > 0; --i) {
      const std::string key = ModelKey(random_, kKeySpace);
      if (random_.OneIn(3)) {
        CheckOk(batch.Delete(key));
        model_.erase(key);
      } else {
        const std::string value = ModelValue(random_, stamp_++);
        CheckOk(batch.Put(key, value));
        model_[key] = value;
      }
    }
    const auto written = db_->Write(batch);
    ASSERT_TRUE(written) << written.error().ToString();
  }

  // Half of the reads look at a snapshot, if one is held.
  const Model& ChooseState(const Snapshot*& snapshot) {
    snapshot = nullptr;
    if (snapshots_.empty() || random_.OneIn(2)) return model_;
    const HeldSnapshot& held = snapshots_[random_.Below(snapshots_.size())];
    snapshot = &held.snapshot;
    return held.model;
  }

  void Get() {
    ReadOptions options;
    const Model& model = ChooseState(options.snapshot);
    const std::string key = ModelKey(random_, kKeySpace);
    options.fill_cache = !random_.OneIn(4);
    const auto found = db_->Get(key, options);
    ASSERT_TRUE(found) << found.error().ToString();
    const auto expected = model.find(key);
    ASSERT_EQ(found->has_value(), expected != model.end()) << "key " << key;
    if (found->has_value()) {
      ASSERT_EQ((*found)->view(), expected->second) << "key " << key;
    }
  }

  void MultiGet() {
    ReadOptions options;
    const Model& model = ChooseState(options.snapshot);
    std::vector<std::string> keys(random_.Below(80));  // up to three groups
    for (std::string& key : keys) key = ModelKey(random_, kKeySpace);
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    const auto found = db_->MultiGet(views, options);
    ASSERT_TRUE(found) << found.error().ToString();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto expected = model.find(keys[i]);
      ASSERT_EQ((*found)[i].has_value(), expected != model.end()) << "key " << keys[i];
      if ((*found)[i]) {
        ASSERT_EQ((*found)[i]->view(), expected->second);
      }
    }
  }

  void ShortScan() {
    IteratorOptions options;
    const Model& model = ChooseState(options.snapshot);
    if (random_.OneIn(2)) options.lower_bound = ModelKey(random_, kKeySpace);
    if (random_.OneIn(2)) options.upper_bound = ModelKey(random_, kKeySpace);
    if (random_.OneIn(4)) options.prefix = ModelKey(random_, kKeySpace).substr(0, 3);
    auto iterator = db_->NewIterator(options);
    ASSERT_TRUE(iterator) << iterator.error().ToString();
    Model part;  // what the bounds leave
    for (const auto& [key, value] : model) {
      if (options.lower_bound && key < *options.lower_bound) continue;
      if (options.upper_bound && key >= *options.upper_bound) continue;
      if (!std::string_view(key).starts_with(options.prefix)) continue;
      part.emplace_hint(part.end(), key, value);
    }
    Walk(*iterator, part);
  }

  // A random walk of an iterator beside one of the model.
  void Walk(Iterator& iterator, const Model& part) {
    auto at = part.end();
    for (std::uint64_t step = random_.Below(12); step > 0; --step) {
      const std::string target = ModelKey(random_, kKeySpace);
      switch (random_.Below(8)) {
        case 0:
          iterator.SeekToFirst();
          at = part.begin();
          break;
        case 1:
          iterator.SeekToLast();
          at = part.empty() ? part.end() : std::prev(part.end());
          break;
        case 2:
          iterator.Seek(target);
          at = part.lower_bound(target);
          break;
        case 3:
          iterator.SeekForPrev(target);
          at = part.upper_bound(target);
          at = at == part.begin() ? part.end() : std::prev(at);
          break;
        default: Stretch(iterator, part, at, random_.OneIn(2));
      }
      ExpectAt(iterator, part, at);
    }
  }

  // One step, or so many that whole blocks are walked over.
  void Stretch(Iterator& iterator, const Model& part, Model::const_iterator& at, bool forward) {
    for (std::uint64_t moves = random_.OneIn(4) ? 1 + random_.Below(100) : 1;
         moves > 0 && at != part.end() && !HasFatalFailure(); --moves) {
      if (forward) {
        iterator.Next();
        ++at;
      } else {
        iterator.Prev();
        at = at == part.begin() ? part.end() : std::prev(at);
      }
      ExpectAt(iterator, part, at);
    }
  }

  void ExpectAt(const Iterator& iterator, const Model& part, Model::const_iterator at) {
    ASSERT_TRUE(iterator.status()) << iterator.status().error().ToString();
    ASSERT_EQ(iterator.Valid(), at != part.end());
    if (at == part.end()) return;
    ASSERT_EQ(iterator.key(), at->first);
    ASSERT_EQ(iterator.value(), at->second);
  }

  void FullScan() {
    const Snapshot* snapshot = nullptr;
    const Model& model = ChooseState(snapshot);
    IteratorOptions options;
    options.snapshot = snapshot;
    auto iterator = db_->NewIterator(options);
    ASSERT_TRUE(iterator) << iterator.error().ToString();
    auto expected = model.begin();
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++expected) {
      ASSERT_NE(expected, model.end());
      ASSERT_EQ(iterator->key(), expected->first);
      ASSERT_EQ(iterator->value(), expected->second);
    }
    ASSERT_TRUE(iterator->status());
    ASSERT_EQ(expected, model.end());
    auto back = model.rbegin();
    for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev(), ++back) {
      ASSERT_NE(back, model.rend());
      ASSERT_EQ(iterator->key(), back->first);
      ASSERT_EQ(iterator->value(), back->second);
    }
    ASSERT_EQ(back, model.rend());
  }

  void TakeOrDropSnapshot() {
    if (snapshots_.size() >= 4 || (!snapshots_.empty() && random_.OneIn(2))) {
      snapshots_.erase(snapshots_.begin() +
                       static_cast<std::ptrdiff_t>(random_.Below(snapshots_.size())));
      return;
    }
    auto snapshot = db_->NewSnapshot();
    ASSERT_TRUE(snapshot) << snapshot.error().ToString();
    snapshots_.push_back({*snapshot, model_});
  }

  void Compact() {
    const std::string a = ModelKey(random_, kKeySpace);
    const std::string b = ModelKey(random_, kKeySpace);
    if (random_.OneIn(3)) return CheckOk(db_->CompactRange());
    CheckOk(db_->CompactRange(std::min(a, b), std::max(a, b)));
  }

  testing::TempDir dir_;
  DatabaseConfig config_;
  std::unique_ptr<Database> db_;
  Random random_{testing::TestSeed(20261123)};
  Model model_;
  std::deque<HeldSnapshot> snapshots_;
  std::uint64_t stamp_ = 0;
};

TEST_P(ModelTest, AnswersAsAStdMapDoes) {
  const std::uint64_t operations = OperationCount();
  for (std::uint64_t i = 0; i < operations && !HasFatalFailure(); ++i) {
    SCOPED_TRACE("operation " + std::to_string(i));
    Step();
  }
  if (HasFatalFailure()) return;
  snapshots_.clear();
  Reopen();
  FullScan();
  CheckOk(db_->CompactRange());
  FullScan();
}

std::string CaseName(const ::testing::TestParamInfo<ModelCase>& info) {
  return std::string(MemtableKindName(info.param.memtable)) + "_" +
         std::string(CompactionStrategyName(info.param.strategy));
}

using enum MemtableKind;
using enum CompactionStrategyKind;
INSTANTIATE_TEST_SUITE_P(
    EveryMemtableAndStrategy, ModelTest,
    ::testing::Values(
        ModelCase{kSorted, kLeveled, WalMode::kAsync, CompressionKind::kNone},
        ModelCase{kSkiplist, kTiered, WalMode::kBatch, CompressionKind::kLz4},
        ModelCase{kTrie, kFifo, WalMode::kAsync, CompressionKind::kNone},
        ModelCase{kLinkedList, kLazyLeveling, WalMode::kBatch, CompressionKind::kZstd},
        ModelCase{kHashLinkedList, kLeveled, WalMode::kAsync, CompressionKind::kZstd},
        ModelCase{kEnhancedSkiplist, kTiered, WalMode::kAsync, CompressionKind::kNone},
        ModelCase{kHashSkiplist, kLazyLeveling, WalMode::kAsync, CompressionKind::kLz4},
        ModelCase{kVector, kFifo, WalMode::kBatch, CompressionKind::kLz4}),
    CaseName);

}  // namespace
}  // namespace quiver
