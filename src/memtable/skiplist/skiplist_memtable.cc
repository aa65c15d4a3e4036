#include "memtable/skiplist/skiplist_memtable.h"

#include <string_view>

namespace quiver {

namespace {

class SkiplistIterator final : public InternalIterator {
 public:
  explicit SkiplistIterator(const SkipList& list) noexcept : list_(list) {}

  void SeekToFirst() override { MoveTo(list_.First()); }
  void SeekToLast() override { MoveTo(list_.Last()); }
  void Seek(std::string_view key, SequenceNumber sequence) override {
    MoveTo(list_.FirstAtOrAfter(EntryTarget(key, sequence)));
  }
  void SeekForPrev(std::string_view key, SequenceNumber sequence) override {
    const EntryTarget target(key, sequence);
    const SkipList::Node* node = list_.FirstAtOrAfter(target);
    const bool exact = node != nullptr && CompareRecord(node->record(), target) == 0;
    MoveTo(exact ? node : list_.LastBefore(target));
  }
  void Next() override { MoveTo(node_->next()); }
  void Prev() override { MoveTo(list_.LastBefore(EntryTarget(node_->record()))); }

 private:
  void MoveTo(const SkipList::Node* node) {
    node_ = node;
    valid_ = node != nullptr;
    if (valid_) entry_ = node->record().view();
  }

  const SkipList& list_;
  const SkipList::Node* node_ = nullptr;
};

}  // namespace

bool SkiplistMemtable::Get(const LookupKey& key, LookupAnswer& answer) const {
  const EntryRecord* record = list_.Find(key);
  if (record == nullptr) return false;
  record->FillAnswer(answer);
  return true;
}

std::unique_ptr<InternalIterator> SkiplistMemtable::NewIterator() const {
  return std::make_unique<SkiplistIterator>(list_);
}

}  // namespace quiver
