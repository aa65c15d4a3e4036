#include "memtable/hash_linked_list/hash_linked_list_memtable.h"

#include <bit>
#include <new>

#include "base/check.h"

namespace quiver {

struct HashLinkedListMemtable::Node {
  Link next;
  std::uint64_t hash;
  const EntryRecord* record;
};

namespace {

std::byte* AllocateBuckets(Arena& arena, std::uint32_t count, std::size_t bucket_bytes) {
  QUIVER_CHECK(std::has_single_bit(count));
  return arena.Allocate(count * bucket_bytes);
}

}  // namespace

HashLinkedListMemtable::HashLinkedListMemtable(const MemtableContext& context)
    : arena_(context.memory_pool),
      bucket_mask_(context.hash_buckets - 1),
      buckets_(reinterpret_cast<Link*>(AllocateBuckets(arena_, context.hash_buckets, sizeof(Link))),
               context.hash_buckets),
      log_(arena_, RecordLog::Hashes::kNone),
      views_(log_, account_) {
  for (Link& bucket : buckets_) new (&bucket) Link(nullptr);
}

void HashLinkedListMemtable::Add(const EntryView& entry) {
  const EntryRecord* record = EntryRecord::Create(arena_, entry);
  const std::uint64_t hash = HashKey(entry.key);
  Link* link = &BucketOf(hash);
  Node* next = link->load(std::memory_order_relaxed);
  while (next != nullptr &&
         (next->hash < hash ||
          (next->hash == hash && CompareRecord(*next->record, entry.key, entry.sequence) < 0))) {
    link = &next->next;
    next = link->load(std::memory_order_relaxed);
  }
  auto* node = new (arena_.Allocate(sizeof(Node))) Node{next, hash, record};
  link->store(node, std::memory_order_release);
  log_.Append(record, hash);
}

bool HashLinkedListMemtable::Get(const LookupKey& key, LookupAnswer& answer) const {
  const Node* node = BucketOf(key.hash).load(std::memory_order_acquire);
  for (; node != nullptr; node = node->next.load(std::memory_order_acquire)) {
    if (node->hash < key.hash) continue;
    if (node->hash > key.hash) return false;
    if (CompareRecord(*node->record, key.key, key.sequence) < 0) continue;
    // The first node at or after the position is the answer if it is of this key at all.
    if (node->record->key() != key.key) return false;
    node->record->FillAnswer(answer);
    return true;
  }
  return false;
}

std::unique_ptr<InternalIterator> HashLinkedListMemtable::NewIterator() const {
  return NewOrderedViewIterator(*this);
}

void HashLinkedListMemtable::Seal() {
  views_.Get();
}

}  // namespace quiver
