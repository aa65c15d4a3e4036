// EntryModel: what one keyspace holds, by the definitions of docs/entry_kinds.md: every version
// that there ever was is kept, and an answer for any sequence and moment is worked out from them.
// Slow and plain: the oracle of the tests that mix puts, deletes, range deletes, merges and expiry.
//
// The custom operator is that of testing/custom_operator.h.
//
// Invariants: operands fit the operator. Entries may share a sequence (an ingest): of those of one
// key the one added last counts.
//
// Thread safety: one thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/batch_codec.h"
#include "quiver/config.h"
#include "quiver/merge_operator.h"

namespace quiver::testing {

class EntryModel {
 public:
  using Rows = std::map<std::string, std::string, std::less<>>;

  explicit EntryModel(MergeOperatorKind merge_operator) : merge_operator_(merge_operator) {}

  void Add(const BatchEntry& entry, SequenceNumber sequence) {
    if (entry.operation == Operation::kRangeDelete) {
      Insert(ranges_, {std::string(entry.key), std::string(entry.value), sequence});
      return;
    }
    Insert(versions_[std::string(entry.key)],
           {sequence, entry.operation, std::string(entry.value), entry.expiry_us});
  }

  /// Forgets all that is newer than `last`: it was lost, or never done.
  void RemoveAfter(SequenceNumber last) {
    for (auto& [key, versions] : versions_) {
      while (!versions.empty() && versions.back().sequence > last) versions.pop_back();
    }
    while (!ranges_.empty() && ranges_.back().sequence > last) ranges_.pop_back();
  }

  /// The value of `key` for a reader at `sequence` to whom it is `now_us`.
  std::optional<std::string> ValueAt(std::string_view key, SequenceNumber sequence,
                                     std::uint64_t now_us) const {
    const auto found = versions_.find(key);
    if (found == versions_.end()) return std::nullopt;
    return ValueOf(found->first, found->second, ranges_, sequence, now_us);
  }

  /// What may be missing. fifo drops the oldest versions of a key, as many as it likes, but none
  /// newer than `droppable`. A salvage passes over what was in `lost`, ranges of the log; of that
  /// all may still be in tables, up to some sequence.
  struct Doubts {
    SequenceNumber droppable = 0;
    std::vector<std::pair<SequenceNumber, SequenceNumber>> lost;
  };
  /// Every answer that ValueAt may have to give then.
  std::vector<std::optional<std::string>> ValuesAt(std::string_view key, SequenceNumber sequence,
                                                   std::uint64_t now_us,
                                                   const Doubts& doubts) const {
    const auto found = versions_.find(key);
    if (found == versions_.end()) return {std::nullopt};
    std::vector<std::optional<std::string>> values;
    const auto is_doubtful = [&](const auto& entry) {
      return std::ranges::any_of(doubts.lost, [&](const auto& range) {
        return entry.sequence >= range.first && entry.sequence <= range.second;
      });
    };
    std::vector<SequenceNumber> in_tables_to = {sequence};
    const auto note = [&](const auto& entry) {
      if (is_doubtful(entry)) in_tables_to.push_back(entry.sequence - 1);
    };
    std::ranges::for_each(found->second, note);
    std::ranges::for_each(ranges_, note);
    for (const SequenceNumber end : in_tables_to) {
      const auto is_lost = [&](const auto& entry) {
        return entry.sequence > end && is_doubtful(entry);
      };
      std::vector<Version> left = found->second;
      std::vector<Range> ranges = ranges_;
      std::erase_if(left, is_lost);
      std::erase_if(ranges, is_lost);
      values.push_back(ValueOf(found->first, left, ranges, sequence, now_us));
      while (!left.empty() && left.front().sequence <= doubts.droppable) {
        left.erase(left.begin());
        values.push_back(ValueOf(found->first, left, ranges, sequence, now_us));
      }
    }
    return values;
  }

  Rows At(SequenceNumber sequence, std::uint64_t now_us) const {
    Rows rows;
    for (const auto& [key, versions] : versions_) {
      if (auto value = ValueOf(key, versions, ranges_, sequence, now_us)) rows.emplace(key, *value);
    }
    return rows;
  }

  /// Every key that was ever put, deleted or merged into.
  std::vector<std::string_view> Keys() const {
    std::vector<std::string_view> keys;
    for (const auto& [key, versions] : versions_) keys.push_back(key);
    return keys;
  }

  /// What happened to `key`, for a failure's message: "key1: 3p(expires) 5m 9d range 7".
  std::string Describe(std::string_view key, std::uint64_t now_us) const {
    std::string text = std::string(key.substr(0, 40)) + ":";
    const auto found = versions_.find(key);
    if (found != versions_.end()) {
      for (const Version& version : found->second) {
        const bool gone = version.expiry_us != 0 && version.expiry_us <= now_us;
        text += " " + std::to_string(version.sequence) + "pdm"[static_cast<int>(version.operation)];
        if (version.expiry_us != 0) text += gone ? "(gone)" : "(expires)";
      }
    }
    for (const Range& range : ranges_) {
      if (range.begin <= key && key < range.end) text += " range " + std::to_string(range.sequence);
    }
    return text;
  }

 private:
  struct Version {
    SequenceNumber sequence;
    Operation operation;
    std::string value;
    std::uint64_t expiry_us;
  };
  struct Range {
    std::string begin;
    std::string end;
    SequenceNumber sequence;
  };

  // In the order of sequences: what an ingest left is known late, when newer entries are there.
  template <typename Entry>
  static void Insert(std::vector<Entry>& entries, Entry entry) {
    auto place = entries.end();
    while (place != entries.begin() && std::prev(place)->sequence > entry.sequence) --place;
    entries.insert(place, std::move(entry));
  }

  std::optional<std::string> ValueOf(std::string_view key, const std::vector<Version>& versions,
                                     const std::vector<Range>& ranges, SequenceNumber sequence,
                                     std::uint64_t now_us) const {
    SequenceNumber hidden_below = 0;
    for (const Range& range : ranges) {
      if (range.sequence <= sequence && range.begin <= key && key < range.end) {
        hidden_below = std::max(hidden_below, range.sequence);
      }
    }
    std::vector<const std::string*> parts;  // the newest first
    for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
      if (version->sequence > sequence) continue;
      if (version->sequence < hidden_below || version->operation == Operation::kDelete) break;
      const bool gone = version->expiry_us != 0 && version->expiry_us <= now_us;
      if (!gone) parts.push_back(&version->value);
      if (version->operation == Operation::kPut) break;
    }
    if (parts.empty()) return std::nullopt;
    std::reverse(parts.begin(), parts.end());
    return Together(parts);
  }

  // A value alone is itself under all operators: an absent base counts as 0, or as nothing.
  std::string Together(const std::vector<const std::string*>& parts) const {
    if (parts.size() == 1) return *parts.front();
    std::string appended;
    std::uint64_t sum = 0;
    for (const std::string* const part : parts) {
      if (merge_operator_ == MergeOperatorKind::kAddInt64) {
        sum += static_cast<std::uint64_t>(DecodeInt64(*part).value_or(0));
      } else {
        if (merge_operator_ == MergeOperatorKind::kCustom && part != parts.front()) appended += ',';
        appended += *part;
      }
    }
    return merge_operator_ == MergeOperatorKind::kAddInt64
               ? EncodeInt64(static_cast<std::int64_t>(sum))
               : appended;
  }

  MergeOperatorKind merge_operator_;
  std::map<std::string, std::vector<Version>, std::less<>> versions_;
  std::vector<Range> ranges_;
};

}  // namespace quiver::testing
