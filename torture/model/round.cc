#include "model/round.h"

#include <algorithm>
#include <charconv>

#include "base/batch_codec.h"
#include "base/try.h"
#include "model/option_sets.h"

namespace quiver::torture {

namespace {

constexpr std::uint64_t kOperationsPerRound = 20'000;
constexpr std::size_t kSnapshotsMax = 8;
constexpr std::size_t kHotSnapshotsMax = 256;
constexpr std::uint32_t kHotKeys = 4;
constexpr std::string_view kKindsPrefix = "kinds:";

Random StreamOf(std::uint64_t seed, std::uint64_t round) {
  return Random(seed * 1'000'003 + round);
}

Rows::Shape ShapeOf(std::uint64_t round) {
  constexpr std::uint32_t kKeyCounts[] = {300, 3000, 60, 1000, 6000};
  return {.fixed_keys = round % 2 == 1,
          .fixed_values = round / 2 % 2 == 1,
          .key_count = kKeyCounts[round % 5]};
}

}  // namespace

std::optional<RoundPlan> RoundPlan::Parse(std::string_view text) {
  RoundPlan plan;
  plan.kinds = text.starts_with(kKindsPrefix);
  if (plan.kinds) text.remove_prefix(kKindsPrefix.size());
  std::uint64_t numbers[3] = {};
  std::size_t count = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (count < 3) {
    const auto [next, error] = std::from_chars(at, end, numbers[count]);
    if (error != std::errc()) return std::nullopt;
    ++count;
    at = next;
    if (at == end) break;
    if (*at++ != ':') return std::nullopt;
  }
  if (at != end || count < 2) return std::nullopt;
  plan.round = numbers[0];
  plan.option_set = numbers[1];
  if (count == 3) plan.operations = numbers[2];
  return plan;
}

std::string RoundPlan::ToString() const {
  std::string text = kinds ? std::string(kKindsPrefix) : std::string();
  text += std::to_string(round) + ":" + std::to_string(option_set);
  if (operations) text += ":" + std::to_string(*operations);
  return text;
}

Round::Round(std::uint64_t seed, const RoundPlan& plan)
    : plan_(plan),
      random_(StreamOf(seed, plan.round)),
      hot_(plan.round % 3 == 1),
      migrates_(plan.round % 6 >= 3),
      rows_(ShapeOf(plan.round), random_),
      subject_(seed ^ (plan.round * kOptionSetCount + plan.option_set), plan.round % 7 == 3),
      model_(rows_.key_count()) {
  if (plan.round % 8 == 0) shadow_.emplace();
}

DatabaseConfig Round::Config() const {
  const Rows::Shape shape = ShapeOf(plan_.round);
  DatabaseConfig config = OptionSet(plan_.option_set, shape.fixed_keys, shape.fixed_values);
  if (!migrates_) return config;
  // Every setting but the widths may change at an open, whatever the tables and the log hold.
  DatabaseConfig next =
      OptionSet(plan_.option_set + 5 * reopens_, shape.fixed_keys, shape.fixed_values);
  next.key_width_bytes = config.key_width_bytes;
  next.value_width_bytes = config.value_width_bytes;
  return next;
}

Result<void> Round::Run(const std::function<bool()>& may_go_on) {
  QUIVER_TRY(subject_.Open(Config()));
  const std::uint64_t count = plan_.operations.value_or(kOperationsPerRound);
  while (tally_.operations < count) {
    if (tally_.operations % 64 == 0 && !may_go_on()) return {};
    ++tally_.operations;
    QUIVER_TRY(Step());
    subject_.Background();
    tally_.idle_merges = subject_.idle_merges();
  }
  QUIVER_TRY(Reopen());
  QUIVER_TRY(Scan({nullptr, model_.now()}, true));
  QUIVER_TRY(subject_.Stop(Subject::End::kClose));
  complete_ = true;
  return {};
}

Result<void> Round::Step() {
  const std::uint64_t dice = random_.Below(1000);
  if (dice < 430) return Write(1);
  if (dice < 470) return Write(random_.OneIn(50) ? 200 : random_.Below(12));
  if (dice < 760) return Get();
  if (dice < 780) return MultiGet();
  if (dice < 880) return Walk();
  if (dice < 935) return MoveHeldIterator();
  if (dice < 945) return HoldIterator();
  if (dice < 985) {
    if (!hot_ && !random_.OneIn(4)) return Get();
    const bool full = snapshots_.size() >= (hot_ ? kHotSnapshotsMax : kSnapshotsMax);
    if (!full && (snapshots_.empty() || !random_.OneIn(hot_ ? 8 : 2))) return TakeSnapshot();
    return DropSnapshot();
  }
  return Maintain();
}

Result<void> Round::Maintain() {
  const std::uint64_t dice = random_.Below(100);
  if (dice < 20) {
    ++tally_.flushes;
    return KeepAnswers([this] { return subject_.Flush(); });
  }
  if (dice < 24) return KeepAnswers([this] { return Compact(); });
  // A reopening ends all snapshots: the hot rounds gather more of them.
  if (dice < (hot_ ? 26 : 32)) return KeepAnswers([this] { return Reopen(); });
  if (dice < 45) {
    const State state = AnyState();
    QUIVER_TRY(Scan(state, true));
    if (shadow_ && state.snapshot == nullptr) return CheckShadow(*shadow_, state.time);
    return {};
  }
  if (dice < 60) return subject_.engine().SyncLog();
  return CheckHeldValues();
}

// --- writing

std::uint32_t Round::AnyRank() {
  return static_cast<std::uint32_t>(random_.Below(rows_.key_count()));
}

std::uint32_t Round::RankToWrite() {
  if (!hot_ || random_.OneIn(4)) return AnyRank();
  const std::uint64_t hot = random_.Below(kHotKeys);
  return static_cast<std::uint32_t>(hot * (rows_.key_count() - 1) / (kHotKeys - 1));
}

void Round::SetRow(std::uint32_t rank, Stamp stamp) {
  const std::string& key = rows_.key(rank);
  value_.clear();
  if (stamp != kAbsent) rows_.AppendValue(stamp, value_);
  const Operation operation = stamp == kAbsent ? Operation::kDelete : Operation::kPut;
  AppendBatchEntry(encoded_, {.operation = operation, .key = key, .value = value_});
  model_.Set(rank, stamp);
  if (!shadow_) return;
  if (stamp == kAbsent) {
    shadow_->erase(key);
  } else {
    (*shadow_)[key] = value_;
  }
}

Result<void> Round::Write(std::size_t entry_count) {
  encoded_.clear();
  model_.BeginWrite();
  std::uint32_t rank = 0;
  for (std::size_t i = 0; i < entry_count; ++i) {
    rank = RankToWrite();
    SetRow(rank, random_.OneIn(4) ? kAbsent : next_stamp_++);
  }
  std::optional<WalMode> mode;
  if (random_.OneIn(20)) mode = static_cast<WalMode>(random_.Below(3));
  QUIVER_ASSIGN_OR_RETURN(const SequenceNumber last,
                          subject_.Write(encoded_, static_cast<std::uint32_t>(entry_count), mode));
  issued_ += entry_count;
  tally_.entries_written += entry_count;
  if (last != issued_) {
    return Error(ErrorCode::kInternal, "a write got sequence " + std::to_string(last) + ", not " +
                                           std::to_string(issued_));
  }
  if (entry_count == 1 && !snapshots_.empty()) {
    const std::uint64_t versions = model_.VersionsSince(rank, snapshots_.front().time);
    tally_.versions_max = std::max(tally_.versions_max, versions);
  }
  return {};
}

// --- snapshots

Result<void> Round::TakeSnapshot() {
  QUIVER_ASSIGN_OR_RETURN(Snapshot snapshot, subject_.engine().NewSnapshot());
  HeldSnapshot held{std::move(snapshot), model_.now(), {}, {}};
  if (random_.OneIn(16)) {
    QUIVER_ASSIGN_OR_RETURN(held.scan_digest, Scan({&held.snapshot, held.time}, false));
    if (shadow_) held.shadow = *shadow_;
  }
  snapshots_.push_back(std::move(held));
  ++tally_.snapshots;
  std::uint64_t distinct = 0;  // versions of the hottest key, the first, that the engine must keep
  Stamp last = kAbsent;
  for (const HeldSnapshot& other : snapshots_) {
    const Stamp stamp = model_.At(0, other.time);
    distinct += stamp != kAbsent && stamp != last ? 1 : 0;
    last = stamp;
  }
  tally_.versions_kept_max = std::max(tally_.versions_kept_max, distinct);
  tally_.snapshots_live_max = std::max<std::uint64_t>(tally_.snapshots_live_max, snapshots_.size());
  return {};
}

Result<void> Round::DropSnapshot() {
  const auto held =
      snapshots_.begin() + static_cast<std::ptrdiff_t>(random_.Below(snapshots_.size()));
  if (held->scan_digest) {
    QUIVER_ASSIGN_OR_RETURN(const std::uint64_t now, Scan({&held->snapshot, held->time}, false));
    ++tally_.relations;
    if (now != *held->scan_digest) {
      return Error(ErrorCode::kInternal, "a snapshot's scan is not the one of when it was taken");
    }
  }
  if (held->shadow) QUIVER_TRY(CheckShadow(*held->shadow, held->time));
  snapshots_.erase(held);
  return {};
}

// --- what may not change any answer

Result<void> Round::KeepAnswers(const std::function<Result<void>()>& call) {
  QUIVER_ASSIGN_OR_RETURN(const std::uint64_t before, Scan({nullptr, model_.now()}, false));
  QUIVER_TRY(call());
  QUIVER_ASSIGN_OR_RETURN(const std::uint64_t after, Scan({nullptr, model_.now()}, false));
  ++tally_.relations;
  if (before == after) return {};
  return Error(ErrorCode::kInternal, "a flush, compaction or reopening changed what a scan finds");
}

Result<void> Round::Compact() {
  ++tally_.compactions;
  if (random_.OneIn(3)) return subject_.Compact({}, {});
  const std::string& a = rows_.key(AnyRank());
  const std::string& b = rows_.key(AnyRank());
  return subject_.Compact(std::min(a, b), std::max(a, b));
}

Result<void> Round::Reopen() {
  constexpr Subject::End kEnds[] = {Subject::End::kClose, Subject::End::kClose, Subject::End::kKill,
                                    Subject::End::kPowerCut};
  const Subject::End end = kEnds[random_.Below(4)];
  QUIVER_TRY(subject_.Stop(end));
  ++reopens_;
  ++tally_.reopens;
  QUIVER_TRY(CheckClosedHandles());
  QUIVER_TRY(subject_.Open(Config()));
  const SequenceNumber last = subject_.engine().recovery_report().last_sequence;
  if (last == issued_) return {};
  return Error(ErrorCode::kInternal, "a reopening recovered sequence " + std::to_string(last) +
                                         " of " + std::to_string(issued_));
}

// Values stay readable without their database; iterators end with kClosed at their next move.
Result<void> Round::CheckClosedHandles() {
  QUIVER_TRY(CheckHeldValues());
  for (HeldIterator& held : iterators_) {
    QUIVER_TRY(CheckPosition(held));
    held.iterator.SeekToFirst();
    ++tally_.comparisons;
    const Result<void> status = held.iterator.status();
    if (held.iterator.Valid() || status || status.error().code() != ErrorCode::kClosed) {
      return Error(ErrorCode::kInternal, "an iterator moved on after its database was closed");
    }
  }
  iterators_.clear();
  snapshots_.clear();
  return {};
}

}  // namespace quiver::torture
