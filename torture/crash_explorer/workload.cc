#include "crash_explorer/workload.h"

#include <algorithm>

#include "base/hash.h"
#include "base/try.h"

namespace quiver::torture {

namespace {

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 40;

Random RandomOf(std::uint64_t seed, std::uint64_t number) {
  return Random(seed * 1'000'003 + number);
}

}  // namespace

Workload::Workload(std::uint64_t seed, std::uint64_t number, StepList steps)
    : seed_(seed),
      number_(number),
      steps_(std::move(steps)),
      random_(RandomOf(seed, number)),
      config_(OptionsOf(seed * 1000 * kOptionBlock + number)),
      mixed_modes_(random_.OneIn(4)),
      key_space_(8 + random_.Below(56)),
      step_count_(24 + random_.Below(40)),
      history_(config_, [this] { return DropMoment{machine_.WallMicros(), table_bytes_.sum()}; }),
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
  ObserveDisk();
  Result<void> done;
  if (!config_.create_if_missing) done = RefusedOpen(config_, ErrorCode::kNotFound);
  if (done) done = Open();
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

void Workload::ObserveDisk() {
  disk_.SetObserver([this] {
    table_bytes_.Look();
    if (at_change_) at_change_();
  });
}

// What is in /db, but for the lock file, which an open may make before it knows more.
std::string Workload::Listed() {
  std::string listed;
  const auto directory = disk_.OpenDirectory("/db", false);
  const auto entries = directory ? (*directory)->List() : directory.error();
  if (!entries) return listed;
  for (const io::DirectoryEntry& entry : *entries) {
    if (entry.name != "LOCK") listed += entry.name + " " + std::to_string(entry.size_bytes) + "\n";
  }
  return listed;
}

// An open that the settings forbid: it is refused for their sake, and changes nothing.
Result<void> Workload::RefusedOpen(const DatabaseConfig& config, ErrorCode expected) {
  const std::string before = Listed();
  const Result<void> opened = machine_.Open(config);
  ++refused_opens_;
  if (opened) return Error(ErrorCode::kInternal, "an open that is forbidden has succeeded");
  if (opened.error().code() != expected) return opened;
  if (Listed() == before) return {};
  return Error(ErrorCode::kInternal, "a refused open has changed the disk");
}

Result<void> Workload::Open(After after) {
  const DatabaseConfig config = created_ ? ForExisting(config_) : ForCreation(config_);
  if (created_ && config_.error_if_exists) {
    QUIVER_TRY(RefusedOpen(config_, ErrorCode::kInvalidArgument));
  }
  QUIVER_TRY(after == After::kPowerCut ? machine_.OpenAfterTear(config) : machine_.Open(config));
  created_ = true;
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

// Writes as Database::Write does, but where that would wait for the background, takes its steps, in
// a random order while there are any.
Result<void> Workload::Submit(const WriteCall& write, WalMode mode) {
  bool waits = false;
  while (true) {
    const WriteOptions options{.wal_mode = mode, .fail_if_stalled = !waits};
    const Result<SequenceNumber> last =
        waits ? machine_.Waiting([&] { return write(options); }) : write(options);
    if (last) {
      if (*last != history_.issued()) {
        return Error(ErrorCode::kInternal, "a write got sequence " + std::to_string(*last) +
                                               ", expected " + std::to_string(history_.issued()));
      }
      history_.Acknowledge();
      return {};
    }
    if (last.error().code() == ErrorCode::kBusy) {
      // Who is slowed down may pay with time, or the background is done first.
      const bool slowed = last.error().message().find(
                              StallReasonName(StallReason::kRunsSlowdown)) != std::string::npos;
      waits = (slowed && random_.OneIn(2)) || !machine_.Step(random_);
      continue;
    }
    if (last.error().code() == ErrorCode::kNoSpace) {
      history_.Refuse();
      return {};
    }
    return last.error();
  }
}

// --- steps

// At once, or for a database that merges in pauses as it passes while nobody calls.
void Workload::PassTime(std::uint64_t duration_ms) {
  if (config_.idle_compaction_delay_ms == 0) return machine_.PassMillis(duration_ms);
  idle_merges_ += machine_.PassTicks(duration_ms);
}

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
    if (config_.idle_compaction_delay_ms != 0 && random_.OneIn(4)) {
      PassTime(1000);
      return {};
    }
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
    PassTime(config_.wal_batch_interval_ms + (random_.OneIn(2) ? random_.Below(8000) : 0));
    history_.IntervalPassed(before);
    return {};
  }
  if (choice < 81) {
    QUIVER_TRY(machine_.engine().SyncLog());
  } else if (choice < 85) {
    QUIVER_TRY(machine_.Flush());
    if (config_.idle_compaction_delay_ms != 0) PassTime(1000);
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
  const std::size_t number = history_.Making(name, config);
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
  return Open(After::kPowerCut);
}

}  // namespace quiver::torture
