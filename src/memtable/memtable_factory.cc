#include <memory>

#include "base/check.h"
#include "memtable/enhanced_skiplist/enhanced_skiplist_memtable.h"
#include "memtable/hash_linked_list/hash_linked_list_memtable.h"
#include "memtable/hash_skiplist/hash_skiplist_memtable.h"
#include "memtable/linked_list/linked_list_memtable.h"
#include "memtable/memtable.h"
#include "memtable/skiplist/skiplist_memtable.h"
#include "memtable/sorted/sorted_memtable.h"
#include "memtable/trie/trie_memtable.h"
#include "memtable/vector/vector_memtable.h"

namespace quiver {

std::unique_ptr<Memtable> NewMemtable(MemtableKind kind, const MemtableContext& context) {
  switch (kind) {
    case MemtableKind::kSorted: return std::make_unique<SortedMemtable>(context);
    case MemtableKind::kSkiplist: return std::make_unique<SkiplistMemtable>(context);
    case MemtableKind::kTrie: return std::make_unique<TrieMemtable>(context);
    case MemtableKind::kLinkedList: return std::make_unique<LinkedListMemtable>(context);
    case MemtableKind::kHashLinkedList: return std::make_unique<HashLinkedListMemtable>(context);
    case MemtableKind::kEnhancedSkiplist:
      return std::make_unique<EnhancedSkiplistMemtable>(context);
    case MemtableKind::kHashSkiplist: return std::make_unique<HashSkiplistMemtable>(context);
    case MemtableKind::kVector: return std::make_unique<VectorMemtable>(context);
  }
  CheckFailed("a known MemtableKind", __FILE__, __LINE__);
}

}  // namespace quiver
