#include "db/transaction_writes.h"

#include <algorithm>
#include <iterator>

namespace quiver {

class TransactionWrites::Cursor final : public InternalIterator {
 public:
  explicit Cursor(std::shared_ptr<const TransactionWrites> writes)
      : writes_(std::move(writes)), place_(writes_->entries_.end()) {}

  void SeekToFirst() override { MoveTo(writes_->entries_.begin()); }
  void SeekToLast() override { MoveBefore(writes_->entries_.end()); }
  void Seek(std::string_view key, SequenceNumber sequence) override {
    MoveTo(writes_->entries_.lower_bound(KeyView{key, sequence}));
  }
  void SeekForPrev(std::string_view key, SequenceNumber sequence) override {
    MoveBefore(writes_->entries_.upper_bound(KeyView{key, sequence}));
  }
  void Next() override { MoveTo(std::next(place_)); }
  void Prev() override { MoveBefore(place_); }

 private:
  void MoveTo(Entries::const_iterator place) {
    place_ = place;
    valid_ = place_ != writes_->entries_.end();
    if (!valid_) return;
    const auto& [key, value] = *place_;
    entry_ = {key.key, value.value, key.sequence, value.operation, value.expiry_us};
  }
  void MoveBefore(Entries::const_iterator place) {
    valid_ = place != writes_->entries_.begin();
    if (valid_) MoveTo(std::prev(place));
  }

  const std::shared_ptr<const TransactionWrites> writes_;
  Entries::const_iterator place_;
};

EntryView TransactionWrites::Add(const EntryView& entry) {
  if (entry.operation == Operation::kRangeDelete) {
    const RangeDelete& range = *ranges_.emplace_back(std::make_unique<const RangeDelete>(
        RangeDelete{std::string(entry.key), std::string(entry.value), entry.sequence}));
    range_deletes_ = RangeDeletes::With(range_deletes_, range);
    return {range.begin, range.end, entry.sequence, entry.operation, 0};
  }
  const auto [place, added] =
      entries_.try_emplace(Key{std::string(entry.key), entry.sequence},
                           Value{std::string(entry.value), entry.operation, entry.expiry_us});
  return {place->first.key, place->second.value, entry.sequence, entry.operation, entry.expiry_us};
}

TransactionWrites::Answer TransactionWrites::Find(std::string_view key,
                                                  std::uint64_t now_us) const {
  Answer answer;
  const SequenceNumber covered =
      range_deletes_ == nullptr ? 0 : range_deletes_->Covering(key, kSequenceMax);
  answer.hides_older = covered != 0;
  for (auto place = entries_.lower_bound(KeyView{key, kSequenceMax});
       place != entries_.end() && place->first.key == key && place->first.sequence > covered;
       ++place) {
    const Value& entry = place->second;
    const bool gone = entry.expiry_us != 0 && entry.expiry_us <= now_us;
    if (entry.operation == Operation::kMerge) {
      if (!gone) answer.operands.emplace_back(entry.value);
      continue;
    }
    if (entry.operation == Operation::kPut && !gone) answer.value = entry.value;
    answer.hides_older = true;
    break;
  }
  std::ranges::reverse(answer.operands);
  return answer;
}

std::unique_ptr<InternalIterator> TransactionWrites::NewIterator() const {
  return std::make_unique<Cursor>(shared_from_this());
}

}  // namespace quiver
