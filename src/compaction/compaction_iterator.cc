#include "compaction/compaction_iterator.h"

#include <algorithm>

#include "base/escape.h"

namespace quiver {

void CompactionIterator::SeekToFirst() {
  input_.SeekToFirst();
  Find();
}

void CompactionIterator::Next() {
  if (has_survivor_) {
    // The delete before it was returned last time.
    has_survivor_ = false;
    Return(input_.entry());
    return;
  }
  input_.Next();
  Find();
}

// Goes on until there is an entry to return, leaving the input on it.
void CompactionIterator::Find() {
  valid_ = false;
  for (; input_.Valid(); input_.Next()) {
    if (!TakeInput()) return;
    const EntryView& entry = input_.entry();
    if (IsHidden(entry)) {
      ++entries_dropped_;
      continue;
    }
    if (is_bottom_ && entry.operation == Operation::kDelete) {
      DropDelete();  // of two deletes in a row the older one alone says the same to everybody
      delete_ = entry;
      delete_.key = key_;
      delete_.value = {};
      has_delete_ = true;
      continue;
    }
    has_survivor_ = has_delete_;
    has_delete_ = false;
    Return(has_survivor_ ? delete_ : entry);
    return;
  }
  status_ = input_.status();
  DropDelete();
}

// Counts the input's entry and checks that it comes in order. At a new key a delete still held back
// goes: nothing older of its key exists.
bool CompactionIterator::TakeInput() {
  const EntryView& entry = input_.entry();
  ++entries_read_;
  const int order = has_key_ ? entry.key.compare(key_) : 1;
  if (order < 0 || (order == 0 && entry.sequence >= sequence_)) {
    status_ = Error(ErrorCode::kInternal,
                    "entries come out of order: key " + EscapeBytes(entry.key) + ", sequence " +
                        std::to_string(entry.sequence) + " after key " + EscapeBytes(key_) +
                        ", sequence " + std::to_string(sequence_));
    return false;
  }
  if (order > 0) {
    DropDelete();
    key_.assign(entry.key);
    has_key_ = true;
    hidden_stratum_ = kNoStratum;
  }
  sequence_ = entry.sequence;
  return true;
}

void CompactionIterator::DropDelete() {
  if (has_delete_) ++entries_dropped_;
  has_delete_ = false;
}

bool CompactionIterator::IsHidden(const EntryView& entry) {
  if (entry.operation != Operation::kPut && entry.operation != Operation::kDelete) return false;
  const auto reader = std::lower_bound(snapshots_.begin(), snapshots_.end(), entry.sequence);
  if (reader == snapshots_.end() && !snapshots_.empty()) return false;
  const auto stratum = static_cast<std::size_t>(reader - snapshots_.begin());
  if (stratum == hidden_stratum_) return true;
  hidden_stratum_ = stratum;
  return false;
}

void CompactionIterator::Return(const EntryView& entry) {
  entry_ = entry;
  valid_ = true;
}

}  // namespace quiver
