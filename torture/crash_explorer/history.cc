#include "crash_explorer/history.h"

#include <algorithm>

#include "base/random.h"
#include "testing/engine_harness.h"

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
  Write write{issued_ + rows.size(), mode, encoded_bytes, {}};
  for (HistoryRow& row : rows) {
    versions_[row.key].push_back({++issued_, std::move(row.value)});
    write.keys.push_back(std::move(row.key));
  }
  writes_.push_back(std::move(write));
  ++batch_count_;
}

void History::DropLast() {
  for (const std::string& key : writes_.back().keys) {
    versions_.find(key)->second.pop_back();
    --issued_;
  }
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
  acknowledged_ = last;
  floor_ = last;
  found_least_ = 0;
  // Enough to count the bytes of batch mode; older writes cannot be lost any more.
  if (writes_.size() > 1) writes_.erase(writes_.begin(), writes_.end() - 1);
}

const std::optional<std::string>* History::At(const std::vector<Version>& versions,
                                              SequenceNumber sequence) const {
  const auto after = std::upper_bound(
      versions.begin(), versions.end(), sequence,
      [](SequenceNumber wanted, const Version& version) { return wanted < version.sequence; });
  return after == versions.begin() ? nullptr : &std::prev(after)->value;
}

std::string History::CheckScan(const Engine& engine, SequenceNumber last) const {
  Result<Iterator> rows = engine.NewIterator({});
  if (!rows) return "cannot scan: " + rows.error().ToString();
  rows->SeekToFirst();
  for (const auto& [key, versions] : versions_) {
    const std::optional<std::string>* const expected = At(versions, last);
    if (expected == nullptr || !*expected) continue;
    if (!rows->Valid()) {
      const Result<void> status = rows->status();
      return "the scan ends before " + key + (status ? "" : ": " + status.error().ToString());
    }
    if (rows->key() != key) {
      return "the scan shows " + std::string(rows->key()) + " = " +
             std::string(rows->value().substr(0, 80)) + ", expected " + key + " = " +
             (*expected)->substr(0, 80);
    }
    if (rows->value() != **expected) {
      return "the scan shows " + key + " = " + std::string(rows->value().substr(0, 80)) +
             ", expected " + (*expected)->substr(0, 80);
    }
    rows->Next();
  }
  if (rows->Valid()) {
    return "a row too many: " + std::string(rows->key()) + " = " +
           std::string(rows->value().substr(0, 80));
  }
  const Result<void> status = rows->status();
  return status ? "" : "the scan ends with " + status.error().ToString();
}

std::string History::CheckGets(const Engine& engine, SequenceNumber last) const {
  for (const auto& [key, versions] : versions_) {
    const std::optional<std::string>* const expected = At(versions, last);
    const Result<std::optional<std::string>> found = testing::GetFrom(engine, key);
    if (!found) return "cannot get " + key + ": " + found.error().ToString();
    const bool wanted = expected != nullptr && expected->has_value();
    if (found->has_value() != wanted || (wanted && **found != **expected)) {
      return "get " + key + " answers " +
             (*found ? (*found)->substr(0, 80) : std::string("nothing")) + ", expected " +
             (wanted ? (*expected)->substr(0, 80) : std::string("nothing"));
    }
  }
  return {};
}

std::string History::Check(const Engine& engine, SequenceNumber last, SequenceNumber least) const {
  if (last < least) {
    return "lost: recovered up to sequence " + std::to_string(last) + ", but " +
           std::to_string(least) + " had been promised";
  }
  if (last > issued_) {
    return "invented: recovered up to sequence " + std::to_string(last) + ", but only " +
           std::to_string(issued_) + " were written";
  }
  const bool at_border =
      last == floor_ || std::any_of(writes_.begin(), writes_.end(),
                                    [&](const Write& write) { return write.last == last; });
  if (!at_border && last >= floor_) {
    return "torn: sequence " + std::to_string(last) + " is in the middle of a batch";
  }
  std::string wrong = CheckScan(engine, last);
  if (wrong.empty()) wrong = CheckGets(engine, last);
  if (!wrong.empty()) wrong += " (recovered up to " + std::to_string(last) + ")";
  return wrong;
}

}  // namespace quiver::torture
