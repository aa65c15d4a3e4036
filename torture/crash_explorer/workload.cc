#include "crash_explorer/workload.h"

#include <algorithm>

#include "base/hash.h"
#include "base/try.h"

namespace quiver::torture {

namespace {

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 40;
constexpr std::uint32_t kKeyWidth = 8;
constexpr std::uint32_t kValueWidth = 64;

Random RandomOf(std::uint64_t seed, std::uint64_t number) {
  return Random(seed * 1'000'003 + number);
}

// Successive numbers meet every value of every choice soon: the divisors are mixed radices.
DatabaseConfig ConfigOf(std::uint64_t number, Random& random) {
  DatabaseConfig config;
  config.memtable_kind = static_cast<MemtableKind>(number % 8);
  config.compaction_strategy = static_cast<CompactionStrategyKind>((number / 2 + number / 8) % 4);
  config.wal_mode = static_cast<WalMode>((number + number / 3) % 3);
  config.compression = static_cast<CompressionKind>((number + number / 5) % 3);
  config.compression_bottom = static_cast<CompressionKind>((number / 2) % 3);
  config.key_width_bytes = number % 5 == 3 ? kKeyWidth : 0;
  config.value_width_bytes = number % 7 == 4 ? kValueWidth : 0;
  config.merge_operator =
      config.value_width_bytes == 0 ? MergeOperatorKind::kAppend : MergeOperatorKind::kNone;
  config.verify_output = number % 4 != 1;
  config.filter_bits_per_key = number % 6 == 5 ? 0 : 10;
  config.memory_limit_bytes = std::uint64_t{26} << 20;
  config.memtable_size_bytes = 16U << 10;
  config.memtable_count_max = 2 + static_cast<std::uint32_t>(random.Below(3));
  config.memtable_hash_buckets = 64;
  config.wal_batch_bytes = 4U << 10;
  config.wal_batch_interval_ms = 10;
  config.block_size_bytes = 1024;
  config.value_chunk_bytes = 1024;
  config.table_size_bytes = 16U << 10;
  config.level_base_bytes = 16U << 10;
  config.level_size_ratio = 2;
  config.level0_run_trigger = 1 + static_cast<std::uint32_t>(random.Below(3));
  config.tier_run_trigger = 2 + static_cast<std::uint32_t>(random.Below(2));
  config.fifo_size_limit_bytes = std::uint64_t{1} << 30;  // merges, but drops nothing
  config.slowdown_run_count = 5000;
  config.stop_run_count = 10'000;
  config.disk_reserve_bytes = 0;
  return config;
}

}  // namespace

Workload::Workload(std::uint64_t seed, std::uint64_t number, StepList steps)
    : seed_(seed),
      number_(number),
      steps_(std::move(steps)),
      random_(RandomOf(seed, number)),
      config_(ConfigOf(number, random_)),
      mixed_modes_(number % 4 == 2),
      key_space_(8 + random_.Below(56)),
      step_count_(24 + random_.Below(40)),
      history_(config_),
      machine_(files_, seed ^ number) {}

std::uint64_t Workload::OperationDigest() const {
  std::uint64_t digest = 0;
  for (const io::FileOperation& operation : files_.log()) {
    const std::string text = std::string(io::OperationKindName(operation.kind)) + " " +
                             operation.file + " " + operation.new_name + " " +
                             std::to_string(operation.offset) + " " +
                             std::to_string(operation.length) + (operation.failed ? " failed" : "");
    digest = Checksum(text, digest);
  }
  return digest;
}

std::string Workload::Run(std::function<void()> at_change) {
  at_change_ = std::move(at_change);
  disk_.SetObserver(at_change_);
  Result<void> done = Open();
  for (std::uint64_t step = 0; done && step < step_count_; ++step) {
    if (!steps_.Keeps(step)) continue;
    random_ = Random(RandomOf(seed_, number_).Next() + step);
    done = Step();
    if (machine_.is_open()) history_.Require(machine_.engine().DurableSequence());
  }
  if (done) done = Reopen();
  snapshot_.reset();
  if (done) done = machine_.Close();
  disk_.SetObserver({});
  return done ? std::string() : done.error().ToString();
}

Result<void> Workload::Open() {
  QUIVER_TRY(machine_.Open(config_));
  const RecoveryReport& report = machine_.engine().recovery_report();
  const std::string wrong =
      history_.Check(machine_.engine(), report.last_sequence, history_.found_least());
  if (!wrong.empty()) return Error(ErrorCode::kInternal, wrong);
  if (!report.losses.empty()) return Error(ErrorCode::kInternal, report.losses.front());
  history_.Reopened(report.last_sequence);
  history_.Settle(machine_.engine());
  settled_ = true;
  return {};
}

// --- writing

std::string Workload::Key(Random& random) const {
  const std::uint64_t number = random.Below(key_space_);
  std::string key = "k" + std::to_string(number * 7919 % 10'000);
  if (config_.key_width_bytes != 0) {
    key.resize(config_.key_width_bytes, '_');
  } else if (number % 8 == 1) {
    key += std::string(number, 'x');
  } else if (number % 16 == 2) {
    key.insert(0, std::string("\0\xff", 2));
  }
  return key;
}

WalMode Workload::NextMode() {
  if (!mixed_modes_ && !random_.OneIn(12)) return config_.wal_mode;
  return static_cast<WalMode>(random_.Below(3));
}

Result<void> Workload::Write(std::size_t row_count, std::size_t value_bytes) {
  std::vector<HistoryRow> rows = rows_.Draw(random_, row_count, value_bytes, machine_.WallMicros());
  QUIVER_ASSIGN_OR_RETURN(const EncodedRows encoded, Encode(rows, history_, machine_.engine()));
  const WalMode mode = NextMode();
  if (random_.OneIn(4)) return Commit(std::move(rows), encoded.bytes.size(), mode);
  history_.Issue(std::move(rows), mode, encoded.bytes.size());
  return Submit(
      [&](const WriteOptions& options) {
        return machine_.engine().Write(encoded.bytes, static_cast<std::uint32_t>(row_count),
                                       encoded.keyspaces, options);
      },
      mode);
}

// Writes as Database::Write does, but where that would wait for a flush, takes the flush's steps.
Result<void> Workload::Submit(const WriteCall& write, WalMode mode) {
  while (true) {
    const Result<SequenceNumber> last = write({.wal_mode = mode, .fail_if_stalled = true});
    if (last) {
      if (*last != history_.issued()) {
        return Error(ErrorCode::kInternal, "a write got sequence " + std::to_string(*last) +
                                               ", expected " + std::to_string(history_.issued()));
      }
      history_.Acknowledge();
      return {};
    }
    if (last.error().code() == ErrorCode::kBusy && machine_.Step(random_)) continue;
    if (last.error().code() == ErrorCode::kNoSpace) {
      history_.Refuse();
      return {};
    }
    return last.error();
  }
}

// --- steps

Result<void> Workload::Step() {
  const std::uint64_t choice = random_.Below(120);
  if (choice >= 100) return Feature(choice - 100);
  if (choice < 4) return MakeKeyspace();
  if (choice < 6) return DropKeyspace();
  if (choice < 40) return Write(1, random_.Below(200));
  if (choice < 58) return Write(2 + random_.Below(8), random_.Below(120));
  if (choice < 63) return Write(1, 1000 + random_.Below(6000));
  if (choice < 64) return Write(1, 20'000);
  if (choice < 75) {
    for (std::uint64_t tasks = 1 + random_.Below(3); tasks > 0; --tasks) {
      (void)machine_.Step(random_);
    }
    return {};
  }
  if (choice < 91) return Maintain(choice);
  return Interrupt(choice);
}

Result<void> Workload::Maintain(std::uint64_t choice) {
  const SequenceNumber before = history_.acknowledged();
  if (choice < 79) {
    machine_.PassMillis(config_.wal_batch_interval_ms +
                        (random_.OneIn(2) ? random_.Below(8000) : 0));
    history_.IntervalPassed(before);
    return {};
  }
  if (choice < 81) {
    QUIVER_TRY(machine_.engine().SyncLog());
  } else if (choice < 85) {
    QUIVER_TRY(machine_.Flush());
  } else if (choice < 88) {
    QUIVER_TRY(Compact());
  } else {
    snapshot_.reset();
    if (choice == 88) return {};
    QUIVER_ASSIGN_OR_RETURN(snapshot_, machine_.engine().NewSnapshot());
    return {};
  }
  history_.Require(before);
  return {};
}

Result<void> Workload::Interrupt(std::uint64_t choice) {
  if (choice < 93) return FillDisk();
  if (choice < 94) return FailManifest();
  snapshot_.reset();
  if (choice < 96) return Reopen();
  if (choice < 98) return Kill();
  return CutPower();
}

Result<void> Workload::Compact() {
  QUIVER_TRY(machine_.Flush());  // so that nothing runs beside the merge
  machine_.Drain();
  const std::vector<std::size_t> there = history_.KeyspacesThere();
  QUIVER_ASSIGN_OR_RETURN(
      const Keyspace keyspace,
      machine_.engine().OpenKeyspace(history_.NameOf(there[random_.Below(there.size())])));
  return machine_.engine().CompactRange({}, {}, &keyspace);
}

// Few names, so that dropped ones are soon made again.
Result<void> Workload::MakeKeyspace() {
  const std::string name = "keyspace" + std::to_string(random_.Below(4));
  if (history_.MayHave(name)) return {};
  const DatabaseConfig config = KeyspaceConfig(config_, history_.keyspace_count());
  const std::size_t number = history_.Making(name, config.merge_operator);
  QUIVER_ASSIGN_OR_RETURN(const Keyspace made, machine_.engine().CreateKeyspace(name, config));
  history_.Made(number, made.id());
  return {};
}

Result<void> Workload::DropKeyspace() {
  const std::vector<std::size_t> there = history_.KeyspacesThere();
  if (there.size() == 1) return {};
  const std::size_t number = there[1 + random_.Below(there.size() - 1)];
  QUIVER_ASSIGN_OR_RETURN(const Keyspace keyspace,
                          machine_.engine().OpenKeyspace(history_.NameOf(number)));
  history_.Dropping(number);
  QUIVER_TRY(machine_.engine().DropKeyspace(keyspace));
  history_.Dropped(number);
  return {};
}

// A few writes and a flush on a disk with next to no room; then there is room again.
Result<void> Workload::FillDisk() {
  if (before_full_disk_) before_full_disk_();
  disk_is_full_ = true;
  disk_.SetFreeBytes(random_.Below(8) * 1024);
  for (std::uint64_t writes = 2 + random_.Below(4); writes > 0; --writes) {
    QUIVER_TRY(Write(1, 300));
    (void)machine_.Step(random_);
  }
  const SequenceNumber before = history_.acknowledged();
  const Result<void> flushed = machine_.Flush();
  if (!flushed && flushed.error().code() != ErrorCode::kNoSpace) return flushed;
  if (flushed) history_.Require(before);
  disk_.SetFreeBytes(kPlenty);
  disk_is_full_ = false;
  for (int tick = 0; tick < 3; ++tick) {
    machine_.PassMillis(300);
    machine_.Drain();
  }
  return Write(1, 10);
}

// A manifest that cannot be appended to is replaced by a new one: the rollover.
Result<void> Workload::FailManifest() {
  const auto failed = std::make_shared<bool>(false);
  files_.SetHook([failed](io::OperationKind kind, std::string_view name) -> std::optional<Error> {
    const bool append = kind == io::OperationKind::kAppend && name.starts_with("MANIFEST");
    if (!append || std::exchange(*failed, true)) return std::nullopt;
    return Error(ErrorCode::kIo, "injected", std::string(name));
  });
  QUIVER_TRY(Write(1, 10));
  const SequenceNumber before = history_.acknowledged();
  const Result<void> flushed = machine_.Flush();
  files_.SetHook({});
  if (flushed) {
    history_.Require(before);
    return {};
  }
  return Reopen();  // the new manifest was the one that failed: read-only until the next open
}

// --- the ends of a process

Result<void> Workload::Reopen() {
  snapshot_.reset();
  const SequenceNumber before = history_.acknowledged();
  const Result<void> closed = machine_.Close();
  if (closed) history_.Require(before);
  history_.Killed();  // closed or not, nothing acknowledged may be missing
  return Open();
}

Result<void> Workload::Kill() {
  files_.SetHook([](io::OperationKind, std::string_view name) {
    return std::optional(Error(ErrorCode::kIo, "killed", std::string(name)));
  });
  machine_.TurnOff();
  files_.SetHook({});
  history_.Killed();
  return Open();
}

Result<void> Workload::CutPower() {
  files_.SetHook([](io::OperationKind, std::string_view name) {
    return std::optional(Error(ErrorCode::kIo, "power cut", std::string(name)));
  });
  machine_.TurnOff();
  files_.SetHook({});
  disk_.Crash(random_);
  settled_ = false;
  ++power_cuts_;
  return Open();
}

}  // namespace quiver::torture
