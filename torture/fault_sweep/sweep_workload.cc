#include "fault_sweep/sweep_workload.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "crash_explorer/feature_calls.h"
#include "harness/option_matrix.h"
#include "io/posix_error.h"
#include "testing/engine_harness.h"

namespace quiver::torture {

namespace {

constexpr std::uint64_t kPhases = 3;
constexpr std::uint64_t kWritesInPhase = 14;
constexpr std::uint64_t kKeys = 40;

}  // namespace

SweepWorkload::SweepWorkload(std::uint64_t seed, const FaultCase& fault)
    : fault_(fault),
      seed_(seed),
      random_(seed * 31 + fault.config),
      config_(OptionsOf(seed * kOptionBlock + fault.config)),
      injector_(fault),
      history_(config_, [this] { return DropMoment{machine_.WallMicros(), table_bytes_.sum()}; }),
      rows_(config_, history_, seed, [this](Random& random) { return Key(random); }),
      machine_(files_, seed) {
  files_.SetHook(injector_.Hook());
  files_.SetReach(fault.reach);
  disk_.SetObserver([this] { table_bytes_.Look(); });
}

std::string SweepWorkload::Key(Random& random) const {
  std::string key = "key" + std::to_string(random.Below(kKeys));
  if (config_.key_width_bytes != 0) key.resize(config_.key_width_bytes, '_');
  return key;
}

void SweepWorkload::Run() {
  Open();
  if (fault_.config < kPlainConfigCount) {
    LivePlainly();
  } else {
    LiveWithCopies();
  }
  Reopen();
  CheckAfterwards();
}

void SweepWorkload::LivePlainly() {
  for (std::uint64_t phase = 0; phase < kPhases; ++phase) {
    // The second one is dropped and made again: nothing of it may come back.
    Step([&] { MakeKeyspace(phase == 0 ? "first" : "second"); });
    Step([&] {
      if (machine_.is_open()) PassTime(random_.Below(5000));
    });
    for (std::uint64_t write = 0; write < kWritesInPhase; ++write) {
      const auto mode = static_cast<WalMode>((write + phase) % 3);
      Step([&] { Write(mode, write % 4 == 0 ? 4 : 1, write % 5 == 0 ? 2000 : 60); });
    }
    Step([&] { ReadAll(); });
    if (phase == 0) Step([&] { Reopen(); });
    Step([&] { Flush(); });
    Step([&] { Write(WalMode::kSync, 2, 100); });
    if (phase == 1) Step([&] { Compact(); });
    if (phase == 1) Step([&] { DropKeyspace("second"); });
    Step([&] {
      if (machine_.is_open()) PassTime(1500);
    });
    Step([&] { ReadAll(); });
  }
}

// An error says what failed: it is the injected one, or read-only with the injected one as cause,
// and it names the file.
void SweepWorkload::CheckError(const char* call, const Error& error) {
  const ErrorCode wanted = io::PosixError(fault_.error_number, "", "", 0).code();
  const std::string text = error.ToString();
  // Once the log may have lost bytes it does not matter what the reason was.
  const bool log_died = error.code() == ErrorCode::kIo &&
                        text.find("the log is durable up to sequence") != std::string::npos;
  const bool code_fits = error.code() == wanted || error.code() == ErrorCode::kReadOnly ||
                         error.code() == ErrorCode::kClosed || log_died;
  if (!code_fits ||
      (error.code() != ErrorCode::kClosed && text.find("injected into") == std::string::npos)) {
    Say(std::string(call) + " answers an error that is not the injected one: " + text);
    return;
  }
  const bool names_file = !error.file().empty() || text.find(".wal") != std::string::npos ||
                          text.find(".arrow") != std::string::npos ||
                          text.find("MANIFEST") != std::string::npos ||
                          text.find("/db") != std::string::npos;
  if (error.code() != ErrorCode::kClosed && !names_file) {
    Say(std::string(call) + " answers an error that names no file: " + text);
  }
}

void SweepWorkload::Open() {
  // A fault that lasts keeps the database closed; one that has gone does not.
  for (int attempt = 0; attempt < 2 && !machine_.is_open(); ++attempt) {
    // A log that could not be written to its end is torn, though no power was cut.
    // The first try creates it, and may fail behind that.
    DatabaseConfig config = created_ ? config_ : ForCreation(config_);
    if (std::exchange(tried_, true)) config = ForExisting(config);
    const Result<void> opened = machine_.OpenAfterTear(config);
    if (!opened) {
      CheckError("open", opened.error());
      continue;
    }
    created_ = true;
    const SequenceNumber last = machine_.engine().recovery_report().last_sequence;
    const bool beyond = last > history_.issued() && !history_.has_undecided_ingest();
    if (last < history_.found_least() || beyond) {
      Say("recovered up to " + std::to_string(last) + ", expected " +
          std::to_string(history_.found_least()) + " to " + std::to_string(history_.issued()));
    }
    if (!machine_.engine().recovery_report().losses.empty()) {
      Say("a loss: " + machine_.engine().recovery_report().losses.front());
    }
    history_.Reopened(last);
    history_.Settle(machine_.engine());
    uncertain_ = false;
  }
}

void SweepWorkload::Write(WalMode mode, std::size_t row_count, std::size_t value_bytes) {
  // Behind an ingest whose fate is open nobody knows which number comes next.
  if (!machine_.is_open() || history_.has_undecided_ingest()) return;
  std::vector<HistoryRow> rows = rows_.Draw(random_, row_count, value_bytes, machine_.WallMicros());
  std::optional<Transaction> transaction;
  if (random_.OneIn(4)) {
    const Isolation isolation = random_.OneIn(2) ? Isolation::kSnapshot : Isolation::kSerializable;
    auto staged = Stage(rows, history_, machine_.engine(), isolation);
    if (!staged) return CheckError("transaction", staged.error());
    transaction = *std::move(staged);
  }
  (void)WriteRows(std::move(rows), mode, transaction ? &*transaction : nullptr);
}

bool SweepWorkload::WriteRows(std::vector<HistoryRow> rows, WalMode mode,
                              Transaction* transaction) {
  const Result<EncodedRows> encoded = Encode(rows, history_, machine_.engine());
  if (!encoded) {
    Say("a keyspace is gone: " + encoded.error().ToString());
    return false;
  }
  const auto count = static_cast<std::uint32_t>(rows.size());
  const bool sync_was_lost = injector_.failed_log_sync() && uncertain_;
  if (!uncertain_) history_.Issue(std::move(rows), mode, encoded->bytes.size());
  while (true) {
    const WriteOptions options{.wal_mode = mode, .fail_if_stalled = true};
    const Result<SequenceNumber> last =
        transaction != nullptr
            ? transaction->Commit(options)
            : machine_.engine().Write(encoded->bytes, count, encoded->keyspaces, options);
    if (last) {
      if (sync_was_lost) Say("a write was acknowledged after a failed sync of the log");
      if (uncertain_) Say("a write was acknowledged after one whose fate is open");
      if (uncertain_) return false;
      if (*last != history_.issued()) Say("a write got the wrong sequence");
      history_.Acknowledge();
      return true;
    }
    if (last.error().code() == ErrorCode::kBusy && machine_.StepOrWait(random_)) continue;
    Refused(last.error(), transaction != nullptr);
    return false;
  }
}

// A transaction may also fail while it is validated, by a read: then the database goes on.
void SweepWorkload::Refused(const Error& error, bool transaction) {
  CheckError("write", error);
  if (uncertain_) return;
  const bool before_the_log = transaction && IsWritable(machine_.engine());
  if (error.code() == ErrorCode::kNoSpace || error.code() == ErrorCode::kReadOnly ||
      before_the_log) {
    return history_.Refuse();  // nothing of it may be found
  }
  uncertain_ = true;
}

// At once, or for a database that merges in pauses as it passes while nobody calls.
void SweepWorkload::PassTime(std::uint64_t duration_ms) {
  if (config_.idle_compaction_delay_ms == 0) return machine_.PassMillis(duration_ms);
  idle_merges_ += machine_.PassTicks(duration_ms);
}

void SweepWorkload::Flush() {
  if (!machine_.is_open()) return;
  const SequenceNumber before = history_.acknowledged();
  const Result<void> flushed =
      machine_.CallThroughRetries([](Engine& engine) { return engine.Flush(); });
  if (flushed) {
    history_.Require(before);
  } else {
    CheckError("flush", flushed.error());
  }
}

void SweepWorkload::Compact() {
  if (!machine_.is_open()) return;
  const Result<void> compacted =
      machine_.CallThroughRetries([](Engine& engine) { return engine.CompactRange({}, {}); });
  if (!compacted) CheckError("compact", compacted.error());
}

// One whose making or dropping fails may be there or not, until an open has decided.
void SweepWorkload::MakeKeyspace(const std::string& name) {
  if (!machine_.is_open() || history_.MayHave(name)) return;
  const DatabaseConfig config = KeyspaceConfig(config_, history_.keyspace_count());
  const std::size_t number = history_.Making(name, config);
  const Result<Keyspace> made = machine_.engine().CreateKeyspace(name, config);
  if (!made) return CheckError("create keyspace", made.error());
  history_.Made(number, made->id());
}

void SweepWorkload::DropKeyspace(const std::string& name) {
  if (!machine_.is_open()) return;
  for (const std::size_t number : history_.KeyspacesThere()) {
    if (history_.NameOf(number) != name) continue;
    const Result<Keyspace> keyspace = machine_.engine().OpenKeyspace(name);
    if (!keyspace) return Say("a keyspace is gone: " + keyspace.error().ToString());
    history_.Dropping(number);
    const Result<void> dropped = machine_.engine().DropKeyspace(*keyspace);
    if (!dropped) return CheckError("drop keyspace", dropped.error());
    return history_.Dropped(number);
  }
}

// Reads go on, whatever happened to writing: an error is the disk's own, an answer is the right
// one.
void SweepWorkload::ReadAll() {
  if (!machine_.is_open()) return;
  for (std::uint64_t attempt = 0; attempt < 2; ++attempt) {
    const std::uint64_t failed_before = injector_.failed_count();
    const std::string wrong = history_.Check(machine_.engine(), history_.acknowledged(), 0);
    if (wrong.empty()) return;
    if (injector_.failed_count() == failed_before ||
        wrong.find("injected into") == std::string::npos) {
      return Say("reads do not go on: " + wrong);
    }
  }
}

void SweepWorkload::Reopen() {
  if (machine_.is_open()) {
    const SequenceNumber before = history_.acknowledged();
    const Result<void> closed = machine_.Close();
    if (closed && !uncertain_) history_.Require(before);
    if (!closed) CheckError("close", closed.error());
  }
  history_.Killed();
  Open();
}

// The fault is gone. The process reads on, ends, or loses its power; then everything is as it
// should be.
void SweepWorkload::CheckAfterwards() {
  injector_.Stop();
  ReadAll();
  if (fault_.power_cut) {
    files_.SetHook([](io::OperationKind, std::string_view file) {
      return std::optional(Error(ErrorCode::kIo, "the power is off", std::string(file)));
    });
    machine_.TurnOff();
    files_.SetHook({});
    disk_.Crash(random_);
    history_.PowerCut();
  } else {
    machine_.TurnOff();
  }
  if (disk_.open_file_count() != 0) Say("files were left open after the close");
  Machine survivor(disk_, seed_, machine_.WallMicros());
  const DatabaseConfig config = ForExisting(ForCreation(config_));
  if (const Result<void> opened = survivor.OpenAfterTear(config); !opened) {
    return Say("does not open after the fault is gone: " + opened.error().ToString());
  }
  const RecoveryReport& report = survivor.engine().recovery_report();
  if (!report.losses.empty()) Say("a loss: " + report.losses.front());
  const std::string wrong =
      history_.Check(survivor.engine(), report.last_sequence, history_.found_least());
  if (!wrong.empty()) return Say("after the fault is gone: " + wrong);
  history_.Reopened(report.last_sequence);
  history_.Settle(survivor.engine());
  CheckCopies(survivor);
  const std::string key(std::max<std::size_t>(config_.key_width_bytes, 2), 'z');
  const std::string value(config_.value_width_bytes, 'x');
  const auto put = testing::PutInto(survivor.engine(), key, value, {.wal_mode = WalMode::kSync});
  if (!put) return Say("the survivor takes no write: " + put.error().ToString());
  if (const Result<void> closed = survivor.Close(); !closed) {
    Say("the survivor does not close: " + closed.error().ToString());
  }
}

}  // namespace quiver::torture
