// Goal: whatever the settings and the order of operations, a database answers as EntryModel does,
// also after it was closed, or after the power failed, and opened again. Entries are of all kinds,
// in up to three keyspaces, which come and go; time passes when an operation says so.
//
// Input: three bytes of settings, then operations of one byte with their arguments. The file system
// is in memory, and background work is steps that the operations take, so that every failure
// repeats.
#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "crash_explorer/machine.h"
#include "fuzz_files.h"
#include "fuzz_target.h"
#include "quiver/iterator.h"
#include "testing/engine_harness.h"
#include "testing/entry_model.h"

namespace quiver::fuzz {

namespace {

using Rows = testing::EntryModel::Rows;

constexpr std::size_t kOperationsMax = 300;
constexpr std::size_t kSnapshotsMax = 4;
constexpr std::size_t kReopensMax = 4;
constexpr std::size_t kKeyspaceCount = 3;
constexpr const char* kKeyspaceNames[kKeyspaceCount] = {"default", "text", "numbers"};
constexpr MergeOperatorKind kOperators[kKeyspaceCount] = {
    MergeOperatorKind::kAppend, MergeOperatorKind::kAppend, MergeOperatorKind::kAddInt64};

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
  config.merge_operator = kOperators[0];
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
    keyspaces_[0].model.emplace(kOperators[0]);
  }

  void Run() {
    for (std::size_t i = 0; i < kOperationsMax && !input_.empty(); ++i) Step();
    Reopen(/*power_cut=*/false);
    for (std::size_t number = 0; number < kKeyspaceCount; ++number) {
      if (keyspaces_[number].model) CheckScan({number, nullptr, last_, machine_.WallMicros()});
    }
  }

 private:
  struct HeldSnapshot {
    Snapshot snapshot;
    SequenceNumber sequence;
    std::uint64_t now_us;
  };
  struct KnownKeyspace {
    std::optional<testing::EntryModel> model;  // none: it does not exist
    SequenceNumber made_after = 0;             // older snapshots are not asked about it
  };
  /// What is asked: a keyspace at a moment, the present or a snapshot's.
  struct State {
    std::size_t keyspace;
    const Snapshot* snapshot;
    SequenceNumber sequence;
    std::uint64_t now_us;
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
    if (operation < 122) return Write(2);
    if (operation < 130) return machine_.PassMillis(input_.Byte() * std::uint64_t{40});
    if (operation < 136) return MakeKeyspace(1 + operation % 2);
    if (operation < 140) return DropKeyspace(1 + operation % 2);
    if (operation < 190) return CheckGet();
    if (operation < 220) return CheckWalk();
    if (operation < 230) return TakeSnapshot();
    if (operation < 234) return DropSnapshot();
    if (operation < 242) return Flush();
    if (operation < 247) return Compact();
    if (reopens_++ < kReopensMax) Reopen(operation % 2 == 1);
  }

  // --- keyspaces

  std::size_t AnyKeyspace(std::uint8_t byte) const {
    const std::size_t number = byte % 8 < 6 ? 0 : byte % 8 - 5U;
    return keyspaces_[number].model ? number : 0;
  }

  Keyspace Handle(std::size_t number) {
    const auto handle = engine().OpenKeyspace(kKeyspaceNames[number]);
    QUIVER_CHECK(handle.ok());
    return *handle;
  }

  void MakeKeyspace(std::size_t number) {
    DatabaseConfig config = config_;
    config.merge_operator = kOperators[number];
    config.memtable_kind =
        static_cast<MemtableKind>((static_cast<std::size_t>(config.memtable_kind) + number) % 8);
    const bool exists = keyspaces_[number].model.has_value();
    const auto made = engine().CreateKeyspace(kKeyspaceNames[number], config);
    QUIVER_CHECK(made.ok() != exists);
    if (exists) return;
    keyspaces_[number].model.emplace(kOperators[number]);
    keyspaces_[number].made_after = last_;
  }

  void DropKeyspace(std::size_t number) {
    if (!keyspaces_[number].model) return;
    QUIVER_CHECK(engine().DropKeyspace(Handle(number)).ok());
    QUIVER_CHECK(!engine().OpenKeyspace(kKeyspaceNames[number]).ok());
    keyspaces_[number].model.reset();
  }

  // --- writing

  struct Row {
    std::size_t keyspace = 0;
    Operation operation = Operation::kPut;
    std::string key;
    std::string value;
    std::uint64_t expiry_us = 0;
  };

  Row NewRow() {
    const std::uint8_t choices = input_.Byte();
    Row row{.keyspace = AnyKeyspace(choices), .key = Key()};
    const std::uint8_t kind = choices / 8 % 8;
    if (kind == 0) {
      row.operation = Operation::kDelete;
    } else if (kind == 1 && choices >= 128) {
      row.operation = Operation::kRangeDelete;
      row.value = Key();
    } else {
      if (kind == 2 || kind == 3) row.operation = Operation::kMerge;
      row.value = row.keyspace == 2
                      ? EncodeInt64(static_cast<std::int64_t>(++stamp_ << input_.Byte() % 60))
                      : Value();
      if (choices >= 192) row.expiry_us = machine_.WallMicros() + 1 + input_.Byte() * 20'000U;
    }
    return row;
  }

  void Write(std::uint32_t count) {
    std::string encoded;
    std::vector<Row> rows;
    std::vector<KeyspaceState*> states;
    for (std::uint32_t i = 0; i < count; ++i) {
      rows.push_back(NewRow());
      const Keyspace handle = Handle(rows.back().keyspace);
      AppendBatchEntry(encoded, Entry(rows.back(), handle.id()));
      KeyspaceState* const state = *engine().Resolve(&handle);
      if (std::find(states.begin(), states.end(), state) == states.end()) states.push_back(state);
    }
    last_ = Submit(encoded, count, states);
    for (std::uint32_t i = 0; i < count; ++i) {
      keyspaces_[rows[i].keyspace].model->Add(Entry(rows[i], 0), last_ - count + 1 + i);
    }
  }

  static BatchEntry Entry(const Row& row, std::uint32_t keyspace) {
    return {.keyspace = keyspace,
            .operation = row.operation,
            .key = row.key,
            .value = row.value,
            .expiry_us = row.expiry_us};
  }

  // Where a write would wait for a flush, the flush takes its steps.
  SequenceNumber Submit(const std::string& encoded, std::uint32_t count,
                        const std::vector<KeyspaceState*>& states) {
    while (true) {
      const auto written = engine().Write(encoded, count, states, {.fail_if_stalled = true});
      if (written) return *written;
      QUIVER_CHECK(written.error().code() == ErrorCode::kBusy);
      QUIVER_CHECK(machine_.StepOrWait(random_));
    }
  }

  void Flush() { QUIVER_CHECK(machine_.Flush().ok()); }

  void Compact() {
    std::optional<std::string> begin;
    if (input_.Byte() % 2 == 0) begin = Key();
    Flush();  // so that nothing runs beside the merge
    machine_.Drain();
    const Keyspace handle = Handle(AnyKeyspace(input_.Byte()));
    QUIVER_CHECK(engine().CompactRange(begin, {}, &handle).ok());
  }

  // --- asking

  // The present or, for an odd byte, a snapshot from the life of the keyspace.
  State ChooseState() {
    const std::uint8_t byte = input_.Byte();
    const std::size_t keyspace = AnyKeyspace(byte / 8);
    if (byte % 2 == 1 && !snapshots_.empty()) {
      const HeldSnapshot& held = snapshots_[byte / 2 % snapshots_.size()];
      if (held.sequence >= keyspaces_[keyspace].made_after) {
        return {keyspace, &held.snapshot, held.sequence, held.now_us};
      }
    }
    return {keyspace, nullptr, last_, machine_.WallMicros()};
  }

  const testing::EntryModel& ModelOf(const State& state) const {
    return *keyspaces_[state.keyspace].model;
  }

  void CheckGet() {
    const State state = ChooseState();
    const Keyspace handle = Handle(state.keyspace);
    const std::string key = Key();
    const auto expected = ModelOf(state).ValueAt(key, state.sequence, state.now_us);
    const EpochGuard guard(engine().core().epochs);
    TableAnswer found;
    const auto hit = engine().Get(key, {.keyspace = &handle, .snapshot = state.snapshot},
                                  /*want_pin=*/false, found);
    QUIVER_CHECK(hit.ok());
    QUIVER_CHECK(*hit == expected.has_value());
    if (*hit) QUIVER_CHECK(found.answer.value == *expected);
  }

  void CheckScan(const State& state) {
    const Keyspace handle = Handle(state.keyspace);
    const Rows rows = ModelOf(state).At(state.sequence, state.now_us);
    auto iterator = engine().NewIterator({.keyspace = &handle, .snapshot = state.snapshot});
    QUIVER_CHECK(iterator.ok());
    auto at = rows.begin();
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++at) {
      QUIVER_CHECK(at != rows.end());
      QUIVER_CHECK(iterator->key() == at->first && iterator->value() == at->second);
    }
    QUIVER_CHECK(iterator->status().ok() && at == rows.end());
  }

  // A walk both ways from a key, between bounds if the input says so.
  void CheckWalk() {
    const State state = ChooseState();
    const std::uint8_t choices = input_.Byte();
    if (choices % 8 == 0) return CheckScan(state);
    const Keyspace handle = Handle(state.keyspace);
    const Rows rows = ModelOf(state).At(state.sequence, state.now_us);
    IteratorOptions options;
    options.keyspace = &handle;
    options.snapshot = state.snapshot;
    auto begin = rows.begin();
    auto end = rows.end();
    if ((choices & 1) != 0) {
      options.lower_bound = Key();
      begin = rows.lower_bound(*options.lower_bound);
    }
    if ((choices & 2) != 0) {
      options.upper_bound = Key();
      end = rows.lower_bound(*options.upper_bound);
    }
    if (options.lower_bound && options.upper_bound && *options.upper_bound < *options.lower_bound) {
      end = begin;
    }
    auto iterator = engine().NewIterator(options);
    QUIVER_CHECK(iterator.ok());
    const std::string target = Key();
    iterator->Seek(target);
    auto at =
        options.lower_bound && target < *options.lower_bound ? begin : rows.lower_bound(target);
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
    snapshots_.push_back({std::move(*snapshot), last_, machine_.WallMicros()});
  }
  void DropSnapshot() {
    if (!snapshots_.empty()) snapshots_.pop_front();
  }

  InputReader input_;
  const DatabaseConfig config_;
  io::MemoryFileSystem disk_;
  torture::Machine machine_{disk_, 1};
  Random random_{1};  // which of the background's lanes takes a step
  std::array<KnownKeyspace, kKeyspaceCount> keyspaces_;
  SequenceNumber last_ = 0;
  std::deque<HeldSnapshot> snapshots_;
  std::uint64_t stamp_ = 0;
  std::size_t reopens_ = 0;
};

}  // namespace

void FuzzOperations(std::string_view input) {
  OperationsRun(input).Run();
}

}  // namespace quiver::fuzz
