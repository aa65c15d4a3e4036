#include "linearizability/state_checker.h"

#include <algorithm>
#include <map>

namespace quiver::torture {

namespace {

constexpr SequenceNumber kNoEnd = ~SequenceNumber{0};

// A range of sequence numbers, both ends included.
struct Range {
  SequenceNumber first;
  SequenceNumber last;
};

std::string Text(const StateWrite& write) {
  std::string text =
      "batch " + std::to_string(write.first()) + "-" + std::to_string(write.last) + " (";
  for (const auto& [key, value] : write.entries) {
    text += "k" + std::to_string(key) + "=" + std::to_string(value) + " ";
  }
  return text + "called " + std::to_string(write.called_ns) + " answered " +
         std::to_string(write.answered_ns) + ")";
}

std::string Text(const StateRead& read) {
  std::string text = "a read of";
  for (const auto& [key, value] : read.seen) {
    text += " k" + std::to_string(key) + "=" + std::to_string(value);
  }
  if (read.sequence) text += " at " + std::to_string(*read.sequence);
  return text + " (called " + std::to_string(read.called_ns) + " answered " +
         std::to_string(read.answered_ns) + ")";
}

class Checker {
 public:
  explicit Checker(std::span<const StateWrite> writes) {
    for (const StateWrite& write : writes) by_sequence_.push_back(&write);
    std::sort(by_sequence_.begin(), by_sequence_.end(),
              [](const StateWrite* a, const StateWrite* b) { return a->last < b->last; });
    for (const StateWrite* write : by_sequence_) {
      SequenceNumber sequence = write->first();
      for (const auto& [key, value] : write->entries) {
        versions_[key].push_back({sequence++, value});
      }
    }
    // By time: the newest number answered so far, and the oldest called from there on.
    SequenceNumber newest = 0;
    auto order = by_sequence_;
    std::sort(order.begin(), order.end(), [](const StateWrite* a, const StateWrite* b) {
      return a->answered_ns < b->answered_ns;
    });
    for (const StateWrite* write : order) {
      newest = std::max(newest, write->last);
      answered_.emplace_back(write->answered_ns, newest);
    }
    std::sort(order.begin(), order.end(),
              [](const StateWrite* a, const StateWrite* b) { return a->called_ns > b->called_ns; });
    SequenceNumber oldest = kNoEnd;
    for (const StateWrite* write : order) {
      oldest = std::min(oldest, write->first());
      called_.emplace_back(write->called_ns, oldest);
    }
    std::reverse(called_.begin(), called_.end());
  }

  // The numbers of the writes against real time and each other.
  std::string CheckOrder() const {
    std::uint64_t earliest_answer = kNoEnd;
    const StateWrite* earliest = nullptr;
    for (std::size_t i = by_sequence_.size(); i-- > 0;) {
      const StateWrite& write = *by_sequence_[i];
      if (i > 0 && by_sequence_[i - 1]->last >= write.first()) {
        return "one number for two writes: " + Text(write) + " and " + Text(*by_sequence_[i - 1]);
      }
      if (earliest_answer < write.called_ns) {
        return "numbered against time: " + Text(*earliest) + " came before " + Text(write);
      }
      if (write.answered_ns < earliest_answer) {
        earliest_answer = write.answered_ns;
        earliest = &write;
      }
    }
    return "";
  }

  // The least number that explains the read, given that it may not be below `least`.
  std::optional<SequenceNumber> Explain(const StateRead& read, SequenceNumber least) const {
    Range real_time{std::max(least, AnsweredBefore(read.called_ns)),
                    CalledAfter(read.answered_ns) - 1};
    if (read.sequence) {
      real_time = {std::max(real_time.first, *read.sequence),
                   std::min(real_time.last, *read.sequence)};
    }
    std::vector<Range> possible = {real_time};
    for (const auto& [key, value] : read.seen) {
      std::vector<Range> narrowed;
      for (const Range& range : possible) Narrow(range, key, value, narrowed);
      possible = std::move(narrowed);
    }
    for (const Range& range : possible) {
      const SequenceNumber whole = FirstWhole(range.first);
      if (range.first <= range.last && whole <= range.last) return whole;
    }
    return std::nullopt;
  }

 private:
  struct Version {
    SequenceNumber sequence;
    ValueId value;
  };

  SequenceNumber AnsweredBefore(std::uint64_t at_ns) const {
    const auto after =
        std::lower_bound(answered_.begin(), answered_.end(), std::pair(at_ns, SequenceNumber{0}));
    return after == answered_.begin() ? 0 : std::prev(after)->second;
  }
  SequenceNumber CalledAfter(std::uint64_t at_ns) const {
    const auto after = std::upper_bound(called_.begin(), called_.end(), std::pair(at_ns, kNoEnd));
    return after == called_.end() ? kNoEnd : after->second;
  }

  // The parts of `range` in which `key` holds `value`.
  void Narrow(const Range& range, KeyIndex key, ValueId value, std::vector<Range>& out) const {
    static const std::vector<Version> kNone;
    const auto found = versions_.find(key);
    const std::vector<Version>& versions = found == versions_.end() ? kNone : found->second;
    auto next = std::upper_bound(versions.begin(), versions.end(), range.first,
                                 [](SequenceNumber sequence, const Version& version) {
                                   return sequence < version.sequence;
                                 });
    SequenceNumber from = range.first;
    while (from <= range.last) {
      const ValueId here = next == versions.begin() ? 0 : std::prev(next)->value;
      const SequenceNumber end = next == versions.end() ? kNoEnd : next->sequence - 1;
      if (here == value) out.push_back({from, std::min(end, range.last)});
      if (next == versions.end()) return;
      from = next->sequence;
      ++next;
    }
  }

  // The first number at or after `sequence` that is not in the middle of a batch.
  SequenceNumber FirstWhole(SequenceNumber sequence) const {
    const auto batch = std::lower_bound(
        by_sequence_.begin(), by_sequence_.end(), sequence,
        [](const StateWrite* write, SequenceNumber wanted) { return write->last < wanted; });
    return batch != by_sequence_.end() && (*batch)->first() <= sequence ? (*batch)->last : sequence;
  }

  std::vector<const StateWrite*> by_sequence_;
  std::map<KeyIndex, std::vector<Version>> versions_;
  std::vector<std::pair<std::uint64_t, SequenceNumber>> answered_;
  std::vector<std::pair<std::uint64_t, SequenceNumber>> called_;
};

}  // namespace

std::string FindBrokenRead(std::span<const StateWrite> writes, std::span<const StateRead> reads) {
  const Checker checker(writes);
  if (std::string wrong = checker.CheckOrder(); !wrong.empty()) return wrong;
  // In order of time: a read may see nothing older than a read that ended before it began saw at
  // the least.
  std::vector<const StateRead*> by_call;
  for (const StateRead& read : reads) by_call.push_back(&read);
  std::sort(by_call.begin(), by_call.end(),
            [](const StateRead* a, const StateRead* b) { return a->called_ns < b->called_ns; });
  std::multimap<std::uint64_t, SequenceNumber> pending;  // by time of the answer
  SequenceNumber least = 0;
  for (const StateRead* read : by_call) {
    while (!pending.empty() && pending.begin()->first < read->called_ns) {
      least = std::max(least, pending.begin()->second);
      pending.erase(pending.begin());
    }
    const std::optional<SequenceNumber> seen = checker.Explain(*read, least);
    if (!seen) {
      return "no state explains " + Text(*read) +
             (checker.Explain(*read, 0) ? ", since an earlier read saw " + std::to_string(least)
                                        : std::string());
    }
    pending.emplace(read->answered_ns, *seen);
  }
  return "";
}

}  // namespace quiver::torture
