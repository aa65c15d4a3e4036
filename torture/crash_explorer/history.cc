#include "crash_explorer/history.h"

#include <algorithm>

#include "base/random.h"

namespace quiver::torture {

std::string ValueOf(std::string_view key, SequenceNumber sequence, std::uint64_t batch,
                    std::uint64_t seed, std::size_t size_bytes, std::uint32_t width) {
  std::string value = std::to_string(sequence) + "/" + std::to_string(batch) + "/" +
                      std::to_string(seed) + "/" + std::string(key) + "/";
  Random random(sequence * 0x9E3779B97F4A7C15ULL ^ seed);
  const std::size_t size = width != 0 ? width : std::max(size_bytes, value.size());
  value.reserve(size);
  while (value.size() < size) value.push_back(static_cast<char>('a' + random.Below(16)));
  value.resize(size);
  return value;
}

void History::Issue(std::vector<HistoryRow> rows, WalMode mode, std::size_t encoded_bytes) {
  writes_.push_back({issued_ + 1, issued_ + rows.size(), mode, encoded_bytes});
  for (const HistoryRow& row : rows) {
    keyspaces_[row.keyspace].entries.Add(row.Entry(0), ++issued_);
    ++kind_counts_.of_operation[static_cast<std::size_t>(row.operation)];
    kind_counts_.expiring += row.expiry_us != 0 ? 1 : 0;
  }
  drops_.Note(issued_, moment_());
  ++batch_count_;
}

void History::DropLast() {
  issued_ = writes_.back().first - 1;
  for (KnownKeyspace& keyspace : keyspaces_) keyspace.entries.RemoveAfter(issued_);
  drops_.RemoveAfter(issued_);
  writes_.pop_back();
}

void History::Acknowledge() {
  const Write& newest = writes_.back();
  acknowledged_ = newest.last;
  if (newest.mode == WalMode::kSync) return Require(newest.last);
  if (newest.mode != WalMode::kBatch) return;
  // What may still be lost has at most wal_batch_bytes: everything before is durable.
  std::uint64_t bytes = 0;
  for (auto write = writes_.rbegin(); write != writes_.rend() && write->last > floor_; ++write) {
    bytes += write->encoded_bytes;
    if (bytes > config_.wal_batch_bytes) return Require(write->last);
  }
}

void History::Refuse() {
  DropLast();
}

// --- ingests

void History::IssueIngest(std::vector<HistoryRow> rows) {
  kind_counts_.ingested += rows.size();
  ingest_ = Ingest{std::move(rows), 0, moment_()};
}

void History::AcknowledgeIngest(SequenceNumber sequence) {
  for (const HistoryRow& row : ingest_->rows) {
    keyspaces_[row.keyspace].entries.Add(row.Entry(0), sequence);
  }
  drops_.Note(sequence, ingest_->begun);
  ingest_.reset();
  writes_.push_back({sequence, sequence, WalMode::kSync, 0});
  issued_ = acknowledged_ = sequence;
  ++batch_count_;
  Require(sequence);
}

void History::RefuseIngest(SequenceNumber visible, bool undecided) {
  if (visible > issued_) {
    ingest_->sequence = visible;
    writes_.push_back({visible, visible, WalMode::kSync, 0});
    issued_ = acknowledged_ = visible;
    Require(visible);
  } else if (!undecided) {
    ingest_.reset();
  }
}

// Before it has a number of which it is known, its number is the last of all.
bool History::MayHoldIngest(SequenceNumber last) const {
  return ingest_ && (ingest_->sequence == 0 ? last > issued_ : last >= ingest_->sequence);
}

History::KnownKeyspace History::WithIngest(const KnownKeyspace& keyspace,
                                           SequenceNumber last) const {
  KnownKeyspace with = keyspace;
  for (const HistoryRow& row : ingest_->rows) {
    if (&keyspaces_[row.keyspace] != &keyspace) continue;
    with.entries.Add(row.Entry(0), ingest_->sequence == 0 ? last : ingest_->sequence);
  }
  return with;
}

void History::SettleIngest(const Engine& engine) {
  if (!ingest_) return;
  const SequenceNumber last = issued_;
  const bool found = !CheckKeyspaces(engine, last, false).empty();
  for (KnownKeyspace& keyspace : keyspaces_) {
    if (found) keyspace = WithIngest(keyspace, last);
  }
  if (found) drops_.Note(last, ingest_->begun);
  ingest_.reset();
}

// --- what is durable

void History::Require(SequenceNumber sequence) {
  floor_ = std::max(floor_, sequence);
}

void History::IntervalPassed(SequenceNumber sequence) {
  for (const Write& write : writes_) {
    if (write.mode == WalMode::kBatch && write.last <= sequence) Require(write.last);
  }
}

void History::Reopened(SequenceNumber last) {
  while (!writes_.empty() && writes_.back().last > last) DropLast();
  issued_ = std::max(issued_, last);  // a number that an ingest used up, or its rows
  acknowledged_ = last;
  floor_ = last;
  found_least_ = 0;
  // Enough to count the bytes of batch mode; older writes cannot be lost any more.
  if (writes_.size() > 1) writes_.erase(writes_.begin(), writes_.end() - 1);
}

// --- keyspaces

std::size_t History::Making(std::string name, const DatabaseConfig& config) {
  keyspaces_.push_back(
      {std::move(name), 0, Presence::kEither, config, testing::EntryModel(config.merge_operator)});
  return keyspaces_.size() - 1;
}

void History::Made(std::size_t keyspace, std::uint32_t id) {
  keyspaces_[keyspace].id = id;
  keyspaces_[keyspace].presence = Presence::kThere;
}

void History::Settle(const Engine& engine) {
  for (KnownKeyspace& keyspace : keyspaces_) {
    if (keyspace.presence != Presence::kEither) continue;
    const Result<Keyspace> found = engine.OpenKeyspace(keyspace.name);
    keyspace.presence = found ? Presence::kThere : Presence::kGone;
    if (found) keyspace.id = found->id();
  }
  SettleIngest(engine);
}

std::vector<std::size_t> History::KeyspacesThere() const {
  std::vector<std::size_t> there;
  for (std::size_t number = 0; number < keyspaces_.size(); ++number) {
    if (keyspaces_[number].presence == Presence::kThere) there.push_back(number);
  }
  return there;
}

bool History::MayHave(std::string_view name) const {
  return std::any_of(keyspaces_.begin(), keyspaces_.end(), [&](const KnownKeyspace& keyspace) {
    return keyspace.name == name && keyspace.presence != Presence::kGone;
  });
}

// Which keyspaces there are, and the rows of each.
std::string History::CheckKeyspaces(const Engine& engine, SequenceNumber last,
                                    bool with_ingest) const {
  const Result<std::vector<Keyspace>> list = engine.ListKeyspaces();
  if (!list) return "cannot list the keyspaces: " + list.error().ToString();
  std::size_t known = 0;
  for (const KnownKeyspace& keyspace : keyspaces_) {
    if (keyspace.presence == Presence::kGone) continue;
    const auto handle = std::find_if(list->begin(), list->end(), [&](const Keyspace& listed) {
      return listed.name() == keyspace.name;
    });
    if (handle == list->end()) {
      if (keyspace.presence == Presence::kEither) continue;
      return "the keyspace " + keyspace.name + " is gone";
    }
    ++known;
    if (keyspace.id != 0 && handle->id() != keyspace.id) {
      return "the keyspace " + keyspace.name + " has id " + std::to_string(handle->id()) +
             ", expected " + std::to_string(keyspace.id);
    }
    const std::string wrong = with_ingest
                                  ? CheckRows(engine, WithIngest(keyspace, last), *handle, last)
                                  : CheckRows(engine, keyspace, *handle, last);
    if (!wrong.empty()) return wrong + " (keyspace " + keyspace.name + ")";
  }
  if (known == list->size()) return {};
  return "there are " + std::to_string(list->size()) + " keyspaces, expected " +
         std::to_string(known) + ": a dropped one is back, or one was invented";
}

std::string History::Check(const Engine& engine, SequenceNumber last, SequenceNumber least) const {
  if (last < least) {
    return "lost: recovered up to sequence " + std::to_string(last) + ", but " +
           std::to_string(least) + " had been promised";
  }
  const bool may_hold_ingest = MayHoldIngest(last);
  if (last > issued_ && !may_hold_ingest) {
    return "invented: recovered up to sequence " + std::to_string(last) + ", but only " +
           std::to_string(issued_) + " were written";
  }
  const bool at_border = last == floor_ || last > issued_ ||
                         std::any_of(writes_.begin(), writes_.end(),
                                     [&](const Write& write) { return write.last == last; });
  if (!at_border && last >= floor_) {
    return "torn: sequence " + std::to_string(last) + " is in the middle of a batch";
  }
  std::string wrong = CheckKeyspaces(engine, last, false);
  if (!wrong.empty() && may_hold_ingest) {
    const std::string wrong_with_it = CheckKeyspaces(engine, last, true);
    if (wrong_with_it.empty()) return {};
    wrong += "; with the rows of the ingest: " + wrong_with_it;
  }
  if (!wrong.empty()) wrong += " (recovered up to " + std::to_string(last) + ")";
  return wrong;
}

}  // namespace quiver::torture
