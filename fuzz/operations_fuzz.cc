// Goal: whatever the settings and the order of operations, a database answers as a std::map does,
// also after it was closed, or after the power failed, and opened again.
//
// Input: three bytes of settings, then operations of one byte with their arguments. The file system
// is in memory; background work runs on real threads, so a failure may need several replays.
#include <deque>
#include <optional>
#include <string>

#include "fuzz_files.h"
#include "fuzz_target.h"
#include "quiver/iterator.h"
#include "testing/engine_harness.h"
#include "testing/model.h"

namespace quiver::fuzz {

namespace {

using testing::Model;

constexpr std::size_t kOperationsMax = 300;
constexpr std::size_t kSnapshotsMax = 4;
constexpr std::size_t kReopensMax = 4;

DatabaseConfig ConfigFrom(InputReader& input) {
  const std::uint8_t kinds = input.Byte();
  const std::uint8_t tables = input.Byte();
  const std::uint8_t more = input.Byte();
  DatabaseConfig config = testing::HarnessConfig(static_cast<WalMode>(more % 3));
  config.memtable_kind = static_cast<MemtableKind>(kinds % 8);
  config.memtable_hash_buckets = 1024;
  constexpr CompactionStrategyKind kStrategies[] = {CompactionStrategyKind::kLeveled,
                                                    CompactionStrategyKind::kTiered,
                                                    CompactionStrategyKind::kLazyLeveling};
  config.compaction_strategy = kStrategies[kinds / 8 % 3];
  config.compression = static_cast<CompressionKind>(tables % 3);
  config.compression_bottom = static_cast<CompressionKind>(tables / 4 % 3);
  config.filter_bits_per_key = (tables & 16) != 0 ? 0 : 10;
  config.block_size_bytes = (tables & 32) != 0 ? 1024 : 4096;
  config.value_chunk_bytes = config.block_size_bytes;
  QUIVER_CHECK(ValidateConfig(config).empty());
  return config;
}

class OperationsRun {
 public:
  explicit OperationsRun(std::string_view bytes) : input_(bytes), config_(ConfigFrom(input_)) {
    Open();
  }

  void Run() {
    for (std::size_t i = 0; i < kOperationsMax && !input_.empty(); ++i) Step();
    Reopen(/*power_cut=*/false);
    CheckScan(model_, nullptr);
  }

 private:
  struct HeldSnapshot {
    Snapshot snapshot;
    Model model;
  };

  void Open() {
    auto opened = testing::OpenEngine(disk_, config_);
    QUIVER_CHECK(opened.ok());
    engine_ = std::move(*opened);
  }

  void Reopen(bool power_cut) {
    snapshots_.clear();
    if (power_cut) {
      // A power cut may take what was not synced; here the log was, so nothing may go.
      QUIVER_CHECK(engine_->SyncLog().ok());
      disk_.Crash();
      (void)engine_->Close();
    } else {
      QUIVER_CHECK(engine_->Close().ok());
    }
    engine_.reset();
    Open();
  }

  std::string Key() {
    const std::uint8_t byte = input_.Byte();
    switch (byte % 4) {
      case 0: return std::string(byte / 4 % 5, static_cast<char>(byte));
      case 1: return "key" + std::to_string(byte);
      case 2: return std::string(100, 'p') + static_cast<char>(byte);
      default: return std::string(input_.Bytes(byte / 32));
    }
  }

  std::string Value() {
    const std::uint8_t byte = input_.Byte();
    std::string value = std::to_string(stamp_++);
    value.resize(byte % 8 == 7 ? byte * 32U : byte / 4U, static_cast<char>(byte));
    return value;
  }

  void Step() {
    const std::uint8_t operation = input_.Byte();
    if (operation < 110) return Write(1 + (operation % 11 == 0 ? 12 : 0));
    if (operation < 140) return Delete();
    if (operation < 190) return CheckGet();
    if (operation < 220) return CheckWalk();
    if (operation < 230) return TakeSnapshot();
    if (operation < 234) return DropSnapshot();
    if (operation < 242) return Flush();
    if (operation < 247) return Compact();
    if (reopens_++ < kReopensMax) Reopen(operation % 2 == 1);
  }

  void Write(std::uint32_t count) {
    std::string encoded;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::string key = Key();
      const std::string value = Value();
      AppendBatchEntry(encoded, {.key = key, .value = value});
      model_[key] = value;
    }
    QUIVER_CHECK(engine_->Write(encoded, count, {}).ok());
  }

  void Delete() {
    const std::string key = Key();
    std::string encoded;
    AppendBatchEntry(encoded, {.operation = Operation::kDelete, .key = key});
    QUIVER_CHECK(engine_->Write(encoded, 1, {}).ok());
    model_.erase(key);
  }

  void Flush() { QUIVER_CHECK(engine_->Flush().ok()); }

  void Compact() {
    std::optional<std::string> begin;
    if (input_.Byte() % 2 == 0) begin = Key();
    QUIVER_CHECK(engine_->CompactRange(begin, {}).ok());
  }

  // The present or, for an odd byte, a snapshot.
  const Model& ChooseState(const Snapshot*& snapshot) {
    const std::uint8_t byte = input_.Byte();
    snapshot = nullptr;
    if (byte % 2 == 0 || snapshots_.empty()) return model_;
    const HeldSnapshot& held = snapshots_[byte / 2 % snapshots_.size()];
    snapshot = &held.snapshot;
    return held.model;
  }

  void CheckGet() {
    ReadOptions options;
    const Model& model = ChooseState(options.snapshot);
    const std::string key = Key();
    const auto expected = model.find(key);
    const EpochGuard guard(engine_->core().epochs);
    TableAnswer found;
    const auto hit = engine_->Get(key, options, /*want_pin=*/false, found);
    QUIVER_CHECK(hit.ok());
    QUIVER_CHECK(*hit == (expected != model.end()));
    if (*hit) QUIVER_CHECK(found.answer.value == expected->second);
  }

  void CheckScan(const Model& model, const Snapshot* snapshot) {
    IteratorOptions options;
    options.snapshot = snapshot;
    auto iterator = engine_->NewIterator(options);
    QUIVER_CHECK(iterator.ok());
    auto at = model.begin();
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++at) {
      QUIVER_CHECK(at != model.end());
      QUIVER_CHECK(iterator->key() == at->first && iterator->value() == at->second);
    }
    QUIVER_CHECK(iterator->status().ok() && at == model.end());
  }

  // A walk both ways from a key, between bounds if the input says so.
  void CheckWalk() {
    IteratorOptions options;
    const Model& state = ChooseState(options.snapshot);
    const std::uint8_t choices = input_.Byte();
    if (choices % 8 == 0) return CheckScan(state, options.snapshot);
    Model part = state;
    if ((choices & 1) != 0) {
      options.lower_bound = Key();
      part.erase(part.begin(), part.lower_bound(*options.lower_bound));
    }
    if ((choices & 2) != 0) {
      options.upper_bound = Key();
      part.erase(part.lower_bound(*options.upper_bound), part.end());
    }
    auto iterator = engine_->NewIterator(options);
    QUIVER_CHECK(iterator.ok());
    const std::string target = Key();
    iterator->Seek(target);
    auto at = part.lower_bound(target);
    for (std::uint8_t step = 0; step < choices / 8 && at != part.end(); ++step) {
      QUIVER_CHECK(iterator->Valid() && iterator->key() == at->first);
      QUIVER_CHECK(iterator->value() == at->second);
      const bool back = (choices & 4) != 0 && step % 3 == 2;
      if (back && at == part.begin()) return;
      back ? iterator->Prev() : iterator->Next();
      back ? --at : ++at;
    }
    QUIVER_CHECK(iterator->Valid() == (at != part.end()));
    QUIVER_CHECK(iterator->status().ok());
  }

  void TakeSnapshot() {
    if (snapshots_.size() == kSnapshotsMax) return;
    auto snapshot = engine_->NewSnapshot();
    QUIVER_CHECK(snapshot.ok());
    snapshots_.push_back({std::move(*snapshot), model_});
  }
  void DropSnapshot() {
    if (!snapshots_.empty()) snapshots_.pop_front();
  }

  InputReader input_;
  const DatabaseConfig config_;
  io::MemoryFileSystem disk_;
  std::shared_ptr<Engine> engine_;
  Model model_;
  std::deque<HeldSnapshot> snapshots_;
  std::uint64_t stamp_ = 0;
  std::size_t reopens_ = 0;
};

}  // namespace

void FuzzOperations(std::string_view input) {
  OperationsRun(input).Run();
}

}  // namespace quiver::fuzz
