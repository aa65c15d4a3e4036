#include "compaction/compaction_iterator.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/escape.h"

namespace quiver {

void CompactionIterator::SeekToFirst() {
  input_.SeekToFirst();
  Find();
}

void CompactionIterator::Next() {
  if (ReturnPending()) return;
  if (has_survivor_) {
    // The delete before it was returned last time.
    has_survivor_ = false;
    Return(taken_);
    return;
  }
  if (!has_taken_ && input_.Valid()) input_.Next();
  Find();
}

// Goes on until there is an entry to return, leaving the input on it or, behind folded operands, on
// the first entry that was not folded.
void CompactionIterator::Find() {
  valid_ = false;
  for (; has_taken_ || input_.Valid(); input_.Next()) {
    if (!std::exchange(has_taken_, false) && !TakeInput()) return;
    const std::size_t stratum = StratumOf(taken_.sequence);
    if (IsDropped(taken_, stratum)) {
      ++entries_dropped_;
      continue;
    }
    if (is_bottom_ && stratum == 0 && taken_.operation == Operation::kDelete) {
      HoldDelete();
      continue;
    }
    if (CanFold(taken_, stratum)) {
      Fold(stratum);
      if (!status_) return;
      (void)ReturnPending();
      return;
    }
    has_survivor_ = has_delete_;
    has_delete_ = false;
    Return(has_survivor_ ? delete_ : taken_);
    return;
  }
  status_ = input_.status();
  DropDelete();
}

// Counts the input's entry and checks that it comes in order. At a new key a delete still held back
// goes: nothing older of its key exists.
bool CompactionIterator::TakeInput() {
  taken_ = input_.entry();
  ++entries_read_;
  const int order = has_key_ ? taken_.key.compare(key_) : 1;
  if (order < 0 || (order == 0 && taken_.sequence >= sequence_)) {
    status_ = Error(ErrorCode::kInternal,
                    "entries come out of order: key " + EscapeBytes(taken_.key) + ", sequence " +
                        std::to_string(taken_.sequence) + " after key " + EscapeBytes(key_) +
                        ", sequence " + std::to_string(sequence_));
    return false;
  }
  if (order > 0) {
    DropDelete();
    key_.assign(taken_.key);
    has_key_ = true;
    hidden_stratum_ = kNoStratum;
  }
  sequence_ = taken_.sequence;
  const bool expired = taken_.expiry_us != 0 && taken_.expiry_us <= retention_.expired_until_us;
  if (expired && taken_.operation == Operation::kPut) {
    taken_.operation = Operation::kDelete;
    taken_.value = {};
    taken_.expiry_us = 0;
  }
  return true;
}

void CompactionIterator::DropDelete() {
  if (has_delete_) ++entries_dropped_;
  has_delete_ = false;
}

void CompactionIterator::HoldDelete() {
  DropDelete();  // of two deletes in a row the older one alone says the same to everybody
  delete_ = taken_;
  delete_.key = key_;
  delete_.value = {};
  has_delete_ = true;
}

std::size_t CompactionIterator::StratumOf(SequenceNumber sequence) const noexcept {
  const SnapshotList& snapshots = retention_.snapshots;
  const auto reader = std::lower_bound(snapshots.begin(), snapshots.end(), sequence);
  if (reader == snapshots.end() && !snapshots.empty()) return kNoStratum;
  return static_cast<std::size_t>(reader - snapshots.begin());
}

// Whether nobody can see the entry. Marks the stratum of a put or delete as hidden from here on.
bool CompactionIterator::IsDropped(const EntryView& entry, std::size_t stratum) {
  if (IsCovered(entry, stratum)) return true;
  const bool expired = entry.expiry_us != 0 && entry.expiry_us <= retention_.expired_until_us;
  if (expired && entry.operation == Operation::kMerge) return true;
  if (entry.operation == Operation::kRangeDelete || stratum == kNoStratum) return false;
  if (stratum == hidden_stratum_) return true;
  if (entry.operation != Operation::kMerge) hidden_stratum_ = stratum;
  return false;
}

// Whether a range delete of the entry's own stratum hides it, and so hides it from everybody.
bool CompactionIterator::IsCovered(const EntryView& entry, std::size_t stratum) {
  if (retention_.range_deletes == nullptr) [[likely]]
    return false;
  const RangeDeletes& ranges = *retention_.range_deletes;
  if (stratum != kNoStratum) {
    const SequenceNumber reader =
        retention_.snapshots.empty() ? kSequenceMax : retention_.snapshots[stratum];
    if (ranges.Covering(entry.key, reader) > entry.sequence) return true;
  }
  covered_survives_ |= ranges.Covering(entry.key, kSequenceMax) > entry.sequence;
  return false;
}

SequenceNumber CompactionIterator::cleaned_sequence() const noexcept {
  if (retention_.range_deletes == nullptr || covered_survives_) return 0;
  return retention_.range_deletes->largest_sequence();
}

void CompactionIterator::Return(const EntryView& entry) {
  entry_ = entry;
  valid_ = true;
}

// --- merge operands

bool CompactionIterator::CanFold(const EntryView& entry, std::size_t stratum) const noexcept {
  return entry.operation == Operation::kMerge && entry.expiry_us == 0 && stratum != kNoStratum &&
         retention_.merge_operator != nullptr;
}

// Folds the operands from the input's entry on, and what they apply to if that is there. Leaves the
// input on the first entry that is not part of it, if there is one, with has_taken_ set.
void CompactionIterator::Fold(std::size_t stratum) {
  pending_.clear();
  pending_next_ = 0;
  pending_key_ = key_;
  if (has_delete_) pending_.emplace_back(delete_, std::string_view());
  has_delete_ = false;

  std::vector<Owned> run;
  bool base_is_known = false;
  if (!CollectOperands(stratum, base_is_known, run)) return;
  Owned folded = run.front();
  if ((run.size() == 1 && !base_is_known) || !Apply(run, base_is_known, folded.value)) {
    // As they came; what they apply to, if it is among them, hides the rest of its stratum.
    for (Owned& entry : run) pending_.push_back(std::move(entry));
    return;
  }
  entries_dropped_ += run.size() - 1;
  folded.operation = base_is_known ? Operation::kPut : Operation::kMerge;
  pending_.push_back(std::move(folded));
}

// Takes operands off the input into `run`, the newest first, and behind them the put or delete that
// they apply to. `base_is_known` if that was found or surely does not exist. False after an error.
bool CompactionIterator::CollectOperands(std::size_t stratum, bool& base_is_known,
                                         std::vector<Owned>& run) {
  run.emplace_back(taken_, taken_.value);
  for (input_.Next(); input_.Valid(); input_.Next()) {
    if (!TakeInput()) return false;
    has_taken_ = taken_.key != pending_key_ || StratumOf(taken_.sequence) != stratum;
    if (has_taken_) {
      // A new key: whether older versions of the last one exist elsewhere is_bottom_ says.
      base_is_known = taken_.key != pending_key_ && is_bottom_;
      return true;
    }
    if (IsDropped(taken_, stratum)) {
      ++entries_dropped_;
      if (taken_.operation == Operation::kMerge && !IsCovered(taken_, stratum)) continue;
      // Covered: for everybody the key ends here.
      hidden_stratum_ = stratum;
      base_is_known = true;
      return true;
    }
    if (taken_.expiry_us != 0) {
      has_taken_ = true;
      hidden_stratum_ = kNoStratum;  // it is judged again
      return true;
    }
    run.emplace_back(taken_, taken_.value);
    if (taken_.operation == Operation::kMerge) continue;
    base_is_known = true;
    return true;
  }
  status_ = input_.status();
  base_is_known = is_bottom_;
  return status_.ok();
}

bool CompactionIterator::Apply(const std::vector<Owned>& run, bool base_is_known,
                               std::string& value) const {
  std::optional<std::string_view> base;
  std::vector<std::string_view> operands;
  for (auto entry = run.rbegin(); entry != run.rend(); ++entry) {
    if (entry->operation == Operation::kMerge) {
      operands.emplace_back(entry->value);
    } else if (entry->operation == Operation::kPut) {
      base = entry->value;
    }
  }
  const MergeOperator& merge = *retention_.merge_operator;
  return base_is_known ? merge.Merge(pending_key_, base, operands, value)
                       : merge.Combine(pending_key_, operands, value);
}

bool CompactionIterator::ReturnPending() {
  if (pending_next_ == pending_.size()) return false;
  const Owned& entry = pending_[pending_next_++];
  Return({pending_key_, entry.value, entry.sequence, entry.operation, 0});
  return true;
}

}  // namespace quiver
