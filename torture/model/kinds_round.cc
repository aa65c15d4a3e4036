#include "model/kinds_round.h"

#include <algorithm>

#include "base/escape.h"
#include "base/try.h"
#include "model/option_sets.h"

namespace quiver::torture {

namespace {

constexpr std::uint64_t kOperationsPerRound = 4000;
constexpr std::size_t kSnapshotsMax = 6;
constexpr std::uint64_t kExpiryUsMax = 3'000'000;
constexpr const char* kNames[] = {"default", "text", "numbers", "plain"};
constexpr MergeOperatorKind kOperators[] = {MergeOperatorKind::kAppend, MergeOperatorKind::kCustom,
                                            MergeOperatorKind::kAddInt64, MergeOperatorKind::kNone};

Rows RowsOf(std::uint64_t round, Random& random) {
  constexpr std::uint32_t kKeyCounts[] = {40, 200, 12};
  return Rows({.fixed_keys = false, .fixed_values = false, .key_count = kKeyCounts[round % 3]},
              random);
}

}  // namespace

BatchEntry KindsRound::Row::Entry(std::uint32_t id) const {
  return {
      .keyspace = id, .operation = operation, .key = key, .value = value, .expiry_us = expiry_us};
}

KindsRound::KindsRound(std::uint64_t seed, const RoundPlan& plan)
    : plan_(plan),
      random_(seed * 1'000'003 + plan.round + (std::uint64_t{1} << 40)),
      rows_(RowsOf(plan.round, random_)),
      subject_(seed ^ (plan.round * kOptionSetCount + plan.option_set), false) {
  keyspaces_[0].model.emplace(kOperators[0]);
}

// Every second round goes on with another option set at each reopening.
DatabaseConfig KindsRound::Config() const {
  const std::uint64_t further = plan_.round % 2 == 1 ? 5 * reopens_ : 0;
  DatabaseConfig config = OptionSet(plan_.option_set + further, false, false);
  config.merge_operator = kOperators[0];
  return config;
}

Result<void> KindsRound::Run(const std::function<bool()>& may_go_on) {
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
  QUIVER_TRY(CheckAll());
  return subject_.Stop(Subject::End::kClose);
}

Result<void> KindsRound::Step() {
  const std::uint64_t dice = random_.Below(1000);
  if (dice < 500) return Write(random_.OneIn(80) ? 100 : 1 + random_.Below(5));
  if (dice < 750) return Get();
  if (dice < 790) return MultiGet();
  if (dice < 870) return Walk();
  if (dice < 900) {
    subject_.PassMillis(random_.Below(1200));
    return {};
  }
  if (dice < 908) return ChangeKeyspaces();
  if (dice < 930) {
    if (snapshots_.size() == kSnapshotsMax || (!snapshots_.empty() && random_.OneIn(3))) {
      snapshots_.erase(snapshots_.begin() +
                       static_cast<std::ptrdiff_t>(random_.Below(snapshots_.size())));
      return {};
    }
    QUIVER_ASSIGN_OR_RETURN(Snapshot snapshot, subject_.engine().NewSnapshot());
    snapshots_.push_back({std::move(snapshot), last_, subject_.WallMicros()});
    ++tally_.snapshots;
    return {};
  }
  if (dice < 970) return Scan(AnyState(), random_.OneIn(3));
  return Maintain();
}

Result<void> KindsRound::Maintain() {
  const std::uint64_t dice = random_.Below(100);
  if (dice < 45) {
    ++tally_.flushes;
    return subject_.Flush();
  }
  if (dice < 75) return Compact();
  if (dice < 85) return CheckAll();
  return Reopen();
}

// --- keyspaces

std::size_t KindsRound::AnyKeyspace() {
  const std::size_t number = random_.OneIn(2) ? random_.Below(kKeyspaceCount) : 0;
  return keyspaces_[number].model ? number : 0;
}

Result<Keyspace> KindsRound::Handle(std::size_t keyspace) {
  return subject_.engine().OpenKeyspace(kNames[keyspace]);
}

Result<void> KindsRound::ChangeKeyspaces() {
  const std::size_t number = 1 + random_.Below(kKeyspaceCount - 1);
  KnownKeyspace& keyspace = keyspaces_[number];
  if (keyspace.model) {
    if (!random_.OneIn(3)) return {};
    QUIVER_ASSIGN_OR_RETURN(const Keyspace handle, Handle(number));
    keyspace.model.reset();
    return subject_.engine().DropKeyspace(handle);
  }
  const DatabaseConfig other = OptionSet(plan_.option_set + 7 * number, false, false);
  DatabaseConfig config = subject_.engine().config();
  config.memtable_kind = other.memtable_kind;
  config.compaction_strategy = other.compaction_strategy;
  config.compression = other.compression;
  config.filter_bits_per_key = other.filter_bits_per_key;
  config.merge_operator = kOperators[number];
  QUIVER_TRY(subject_.engine().CreateKeyspace(kNames[number], config));
  keyspace.model.emplace(kOperators[number]);
  keyspace.made_after = last_;
  ++keyspaces_made_;
  return {};
}

// --- writing

const std::string& KindsRound::AnyKey() {
  return rows_.key(static_cast<std::uint32_t>(random_.Below(rows_.key_count())));
}

KindsRound::Row KindsRound::DrawRow() {
  Row row{.keyspace = AnyKeyspace(), .key = AnyKey()};
  const MergeOperatorKind merges = kOperators[row.keyspace];
  const std::uint64_t dice = random_.Below(200);
  if (dice < 20) {
    row.operation = Operation::kDelete;
    return row;
  }
  if (dice < 24) {
    row.operation = Operation::kRangeDelete;
    row.value = AnyKey();
    ++range_deletes_;
    return row;
  }
  if (dice < 100 && merges != MergeOperatorKind::kNone) {
    row.operation = Operation::kMerge;
    ++merges_;
  }
  if (merges == MergeOperatorKind::kAddInt64) {
    row.value = EncodeInt64(static_cast<std::int64_t>(random_.Next() >> random_.Below(64)));
  } else {
    rows_.AppendValue(static_cast<Stamp>(1 + tally_.entries_written), row.value);
    if (row.operation == Operation::kMerge)
      row.value.resize(std::min<std::size_t>(row.value.size(), 40));
  }
  if (random_.OneIn(3)) {
    row.expiry_us = subject_.WallMicros() + random_.Below(kExpiryUsMax);
    ++expiring_entries_;
  }
  return row;
}

Result<void> KindsRound::Write(std::size_t count) {
  std::string encoded;
  std::vector<Row> rows;
  std::vector<KeyspaceState*> states;
  for (std::size_t i = 0; i < count; ++i) {
    ++tally_.entries_written;
    rows.push_back(DrawRow());
    QUIVER_ASSIGN_OR_RETURN(const Keyspace handle, Handle(rows.back().keyspace));
    AppendBatchEntry(encoded, rows.back().Entry(handle.id()));
    QUIVER_ASSIGN_OR_RETURN(KeyspaceState* const state, subject_.engine().Resolve(&handle));
    if (std::ranges::find(states, state) == states.end()) states.push_back(state);
  }
  QUIVER_ASSIGN_OR_RETURN(const SequenceNumber last,
                          subject_.Write(encoded, static_cast<std::uint32_t>(count), {}, states));
  if (last != last_ + count) {
    return Error(ErrorCode::kInternal, "a write got sequence " + std::to_string(last) + ", not " +
                                           std::to_string(last_ + count));
  }
  for (const Row& row : rows) keyspaces_[row.keyspace].model->Add(row.Entry(0), ++last_);
  return {};
}

Result<void> KindsRound::Compact() {
  ++tally_.compactions;
  QUIVER_ASSIGN_OR_RETURN(const Keyspace handle, Handle(AnyKeyspace()));
  if (random_.OneIn(3)) return subject_.Compact({}, {}, &handle);
  const std::string& a = AnyKey();
  const std::string& b = AnyKey();
  return subject_.Compact(std::min(a, b), std::max(a, b), &handle);
}

Result<void> KindsRound::Reopen() {
  constexpr Subject::End kEnds[] = {Subject::End::kClose, Subject::End::kKill,
                                    Subject::End::kPowerCut};
  snapshots_.clear();
  QUIVER_TRY(subject_.Stop(kEnds[random_.Below(3)]));
  ++reopens_;
  ++tally_.reopens;
  QUIVER_TRY(subject_.Open(Config()));
  const SequenceNumber last = subject_.engine().recovery_report().last_sequence;
  if (last == last_) return {};
  return Error(ErrorCode::kInternal, "a reopening recovered sequence " + std::to_string(last) +
                                         " of " + std::to_string(last_));
}

// --- asking

KindsRound::State KindsRound::AnyState() {
  const std::size_t keyspace = AnyKeyspace();
  if (!snapshots_.empty() && random_.OneIn(2)) {
    const HeldSnapshot& held = snapshots_[random_.Below(snapshots_.size())];
    if (held.sequence >= keyspaces_[keyspace].made_after) {
      return {keyspace, &held.snapshot, held.sequence, held.now_us};
    }
  }
  return {keyspace, nullptr, last_, subject_.WallMicros()};
}

Error KindsRound::Difference(const State& state, const char* what, std::string_view key) const {
  return {ErrorCode::kInternal, std::string(what) + " in keyspace " + kNames[state.keyspace] +
                                    (state.snapshot != nullptr ? " under a snapshot at " : " at ") +
                                    std::to_string(state.sequence) + ": " +
                                    EscapeBytes(ModelOf(state).Describe(key, state.now_us))};
}

Result<void> KindsRound::Get() {
  const State state = AnyState();
  QUIVER_ASSIGN_OR_RETURN(const Keyspace handle, Handle(state.keyspace));
  const std::string& key = AnyKey();
  const auto expected = ModelOf(state).ValueAt(key, state.sequence, state.now_us);
  const EpochGuard guard(subject_.engine().core().epochs);
  TableAnswer found;
  QUIVER_ASSIGN_OR_RETURN(
      const bool hit,
      subject_.engine().Get(key, {.keyspace = &handle, .snapshot = state.snapshot}, false, found));
  ++tally_.comparisons;
  if (hit == expected.has_value() && (!hit || found.answer.value == *expected)) return {};
  return Difference(state, "a get differs", key);
}

Result<void> KindsRound::MultiGet() {
  const State state = AnyState();
  QUIVER_ASSIGN_OR_RETURN(const Keyspace handle, Handle(state.keyspace));
  std::vector<std::string_view> keys(random_.Below(16));
  for (std::string_view& key : keys) key = AnyKey();
  QUIVER_ASSIGN_OR_RETURN(
      const auto found,
      subject_.engine().MultiGet(keys, {.keyspace = &handle, .snapshot = state.snapshot}));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto expected = ModelOf(state).ValueAt(keys[i], state.sequence, state.now_us);
    ++tally_.comparisons;
    if (found[i].has_value() != expected.has_value() ||
        (expected && found[i]->view() != *expected)) {
      return Difference(state, "a multi-get differs", keys[i]);
    }
  }
  return {};
}

// Some moves both ways from a key, between bounds, in stretches.
Result<void> KindsRound::Walk() {
  const State state = AnyState();
  QUIVER_ASSIGN_OR_RETURN(const Keyspace handle, Handle(state.keyspace));
  EntryModel::Rows rows = ModelOf(state).At(state.sequence, state.now_us);
  IteratorOptions options{.keyspace = &handle, .snapshot = state.snapshot};
  if (random_.OneIn(3)) {
    options.lower_bound = AnyKey();
    rows.erase(rows.begin(), rows.lower_bound(*options.lower_bound));
  }
  if (random_.OneIn(3)) {
    options.upper_bound = AnyKey();
    rows.erase(rows.lower_bound(*options.upper_bound), rows.end());
  }
  QUIVER_ASSIGN_OR_RETURN(Iterator iterator, subject_.engine().NewIterator(options));
  const std::string target = AnyKey();
  iterator.Seek(target);
  auto at = rows.lower_bound(target);
  bool forward = random_.OneIn(2);
  for (std::uint64_t moves = 1 + random_.Below(60); moves > 0; --moves) {
    ++tally_.comparisons;
    const bool expected = at != rows.end();
    if (iterator.Valid() != expected ||
        (expected && (iterator.key() != at->first || iterator.value() != at->second))) {
      return Difference(state, "a walk differs", expected ? at->first : iterator.key());
    }
    if (!expected) break;
    if (random_.OneIn(6)) forward = !forward;
    if (!forward && at == rows.begin()) break;
    forward ? iterator.Next() : iterator.Prev();
    forward ? ++at : --at;
  }
  return iterator.status();
}

Result<void> KindsRound::Scan(const State& state, bool thorough) {
  ++tally_.scans;
  QUIVER_ASSIGN_OR_RETURN(const Keyspace handle, Handle(state.keyspace));
  const EntryModel::Rows expected = ModelOf(state).At(state.sequence, state.now_us);
  QUIVER_ASSIGN_OR_RETURN(
      Iterator iterator,
      subject_.engine().NewIterator({.keyspace = &handle, .snapshot = state.snapshot}));
  iterator.SeekToFirst();
  for (const auto& [key, value] : expected) {
    if (!iterator.Valid() || iterator.key() != key || iterator.value() != value) {
      QUIVER_TRY(iterator.status());
      return Difference(state, "a scan differs", key);
    }
    iterator.Next();
  }
  tally_.comparisons += expected.size() + 1;
  if (iterator.Valid()) return Difference(state, "a scan has a row too many", iterator.key());
  QUIVER_TRY(iterator.status());
  if (!thorough) return {};
  auto at = expected.rbegin();
  for (iterator.SeekToLast(); iterator.Valid(); iterator.Prev(), ++at) {
    if (at == expected.rend() || iterator.key() != at->first || iterator.value() != at->second) {
      return Difference(state, "a scan backward differs", iterator.key());
    }
  }
  QUIVER_TRY(iterator.status());
  if (at != expected.rend()) return Difference(state, "a scan backward ends early", at->first);
  ++tally_.relations;
  return {};
}

Result<void> KindsRound::CheckAll() {
  std::size_t there = 0;
  for (std::size_t number = 0; number < kKeyspaceCount; ++number) {
    if (!keyspaces_[number].model) continue;
    ++there;
    QUIVER_TRY(Scan({number, nullptr, last_, subject_.WallMicros()}, true));
    for (const HeldSnapshot& held : snapshots_) {
      if (held.sequence < keyspaces_[number].made_after) continue;
      QUIVER_TRY(Scan({number, &held.snapshot, held.sequence, held.now_us}, true));
    }
  }
  QUIVER_ASSIGN_OR_RETURN(const auto list, subject_.engine().ListKeyspaces());
  if (list.size() == there) return {};
  return Error(ErrorCode::kInternal, "there are " + std::to_string(list.size()) +
                                         " keyspaces, expected " + std::to_string(there));
}

}  // namespace quiver::torture
