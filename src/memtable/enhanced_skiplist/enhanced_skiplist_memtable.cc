#include "memtable/enhanced_skiplist/enhanced_skiplist_memtable.h"

namespace quiver {

bool EnhancedSkiplistMemtable::Get(const LookupKey& key, LookupAnswer& answer) const {
  const EntryRecord* record = list_.Find(key);
  if (record == nullptr) return false;
  record->FillAnswer(answer);
  return true;
}

}  // namespace quiver
