#include "memtable/vector/vector_memtable.h"

namespace quiver {

VectorMemtable::VectorMemtable(const MemtableContext& context)
    : arena_(context.memory_pool), log_(arena_, RecordLog::Hashes::kKept), views_(log_, account_) {}

void VectorMemtable::Add(const EntryView& entry) {
  log_.Append(EntryRecord::Create(arena_, entry), HashKey(entry.key));
}

bool VectorMemtable::Get(const LookupKey& key, LookupAnswer& answer) const {
  const SortedRecords* sealed = sealed_.load(std::memory_order_acquire);
  const EntryRecord* record =
      sealed != nullptr ? FindVisible(sealed->run(), key) : log_.FindVisible(key);
  if (record == nullptr) return false;
  record->FillAnswer(answer);
  return true;
}

std::unique_ptr<InternalIterator> VectorMemtable::NewIterator() const {
  return NewOrderedViewIterator(*this);
}

void VectorMemtable::Seal() {
  sealed_owner_ = views_.Get();
  sealed_.store(sealed_owner_.get(), std::memory_order_release);
}

}  // namespace quiver
