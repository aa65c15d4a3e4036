// Goal: whatever the settings and the order of operations, a database answers as a std::map does,
// also after it was closed, or after the power failed, and opened again.
//
// Input: three bytes of settings, then operations of one byte with their arguments. The file system
// is in memory, and background work is steps that the operations take, so that every failure
// repeats.
#include <deque>
#include <optional>
#include <string>

#include "crash_explorer/machine.h"
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
  // Little of everything: an execution makes, fills and opens a database several times.
  config.memtable_size_bytes = 16 << 10;
  config.memtable_hash_buckets = 64;
  config.memory_limit_bytes = 26 << 20;
  config.table_size_bytes = 16 << 10;
  config.level_base_bytes = 32 << 10;
  config.store_settings = false;  // stored_config is a target of its own
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

  Engine& engine() { return machine_.engine(); }

  void Open() { QUIVER_CHECK(machine_.Open(config_).ok()); }

  void Reopen(bool power_cut) {
    snapshots_.clear();
    if (power_cut) {
      // A power cut may take what was not synced; here the log was, so nothing may go.
      QUIVER_CHECK(engine().SyncLog().ok());
      disk_.Crash();
      machine_.TurnOff();
    } else {
      QUIVER_CHECK(machine_.Close().ok());
    }
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
    if (operation % 4 == 0) (void)machine_.Step(random_);
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
    Submit(encoded, count);
  }

  // Where a write would wait for a flush, the flush takes its steps.
  void Submit(const std::string& encoded, std::uint32_t count) {
    while (true) {
      const auto written = engine().Write(encoded, count, {.fail_if_stalled = true});
      if (written) return;
      QUIVER_CHECK(written.error().code() == ErrorCode::kBusy);
      QUIVER_CHECK(machine_.StepOrWait(random_));
    }
  }

  void Delete() {
    const std::string key = Key();
    std::string encoded;
    AppendBatchEntry(encoded, {.operation = Operation::kDelete, .key = key});
    Submit(encoded, 1);
    model_.erase(key);
  }

  void Flush() { QUIVER_CHECK(machine_.Flush().ok()); }

  void Compact() {
    std::optional<std::string> begin;
    if (input_.Byte() % 2 == 0) begin = Key();
    Flush();  // so that nothing runs beside the merge
    machine_.Drain();
    QUIVER_CHECK(engine().CompactRange(begin, {}).ok());
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
    const EpochGuard guard(engine().core().epochs);
    TableAnswer found;
    const auto hit = engine().Get(key, options, /*want_pin=*/false, found);
    QUIVER_CHECK(hit.ok());
    QUIVER_CHECK(*hit == (expected != model.end()));
    if (*hit) QUIVER_CHECK(found.answer.value == expected->second);
  }

  void CheckScan(const Model& model, const Snapshot* snapshot) {
    IteratorOptions options;
    options.snapshot = snapshot;
    auto iterator = engine().NewIterator(options);
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
    auto begin = state.begin();
    auto end = state.end();
    if ((choices & 1) != 0) {
      options.lower_bound = Key();
      begin = state.lower_bound(*options.lower_bound);
    }
    if ((choices & 2) != 0) {
      options.upper_bound = Key();
      end = state.lower_bound(*options.upper_bound);
    }
    if (options.lower_bound && options.upper_bound && *options.upper_bound < *options.lower_bound) {
      end = begin;
    }
    auto iterator = engine().NewIterator(options);
    QUIVER_CHECK(iterator.ok());
    const std::string target = Key();
    iterator->Seek(target);
    auto at =
        options.lower_bound && target < *options.lower_bound ? begin : state.lower_bound(target);
    if (options.upper_bound && target >= *options.upper_bound) at = end;
    for (std::uint8_t step = 0; step < choices / 8 && at != end; ++step) {
      QUIVER_CHECK(iterator->Valid() && iterator->key() == at->first);
      QUIVER_CHECK(iterator->value() == at->second);
      const bool back = (choices & 4) != 0 && step % 3 == 2;
      if (back && at == begin) return;
      back ? iterator->Prev() : iterator->Next();
      back ? --at : ++at;
    }
    QUIVER_CHECK(iterator->Valid() == (at != end));
    QUIVER_CHECK(iterator->status().ok());
  }

  void TakeSnapshot() {
    if (snapshots_.size() == kSnapshotsMax) return;
    auto snapshot = engine().NewSnapshot();
    QUIVER_CHECK(snapshot.ok());
    snapshots_.push_back({std::move(*snapshot), model_});
  }
  void DropSnapshot() {
    if (!snapshots_.empty()) snapshots_.pop_front();
  }

  InputReader input_;
  const DatabaseConfig config_;
  io::MemoryFileSystem disk_;
  torture::Machine machine_{disk_, 1};
  Random random_{1};  // which of the background's lanes takes a step
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
