#include "memtable/hash_skiplist/hash_index.h"

#include <bit>
#include <memory>
#include <new>

#include "base/check.h"
#include "base/schedule_point.h"

namespace quiver {

namespace {

template <typename T>
T* NewArray(Arena& arena, std::size_t count) {
  auto* array = reinterpret_cast<T*>(arena.Allocate(count * sizeof(T)));
  std::uninitialized_value_construct_n(array, count);
  return array;
}

}  // namespace

HashIndex::HashIndex(Arena& arena, std::uint32_t bucket_count)
    : arena_(arena),
      bucket_mask_(bucket_count - 1),
      buckets_(NewArray<Bucket>(arena, bucket_count)) {
  QUIVER_CHECK(std::has_single_bit(bucket_count));
}

// Buckets are chosen by the low bits of the hash, so the tag takes the high ones.
std::uint8_t HashIndex::TagOf(std::uint64_t hash) noexcept {
  const auto tag = static_cast<std::uint8_t>(hash >> 56);
  return tag == 0 ? 1 : tag;
}

const EntryRecord* HashIndex::Newest(std::uint64_t hash, std::string_view key) const noexcept {
  const std::uint8_t wanted = TagOf(hash);
  const Link* link = BucketOf(hash).load(std::memory_order_acquire);
  for (; link != nullptr; link = link->next.load(std::memory_order_acquire)) {
    for (std::size_t i = 0; i < kSlots; ++i) {
      const EntryRecord* record = link->slots[i].load(std::memory_order_acquire);
      if (record == nullptr) return nullptr;
      const std::uint8_t tag = link->tags[i].load(std::memory_order_relaxed);
      if ((tag == wanted || tag == 0) && record->key() == key) return record;
    }
  }
  return nullptr;
}

void HashIndex::Publish(std::uint64_t hash, const EntryRecord& record) {
  const std::uint8_t wanted = TagOf(hash);
  Link* link = &FollowOrExtend(BucketOf(hash));
  for (;; link = &FollowOrExtend(link->next)) {
    for (std::size_t i = 0; i < kSlots; ++i) {
      const EntryRecord* present = link->slots[i].load(std::memory_order_acquire);
      if (present == nullptr &&
          link->slots[i].compare_exchange_strong(present, &record, std::memory_order_acq_rel)) {
        SchedulePoint();
        link->tags[i].store(wanted, std::memory_order_relaxed);
        return;
      }
      const std::uint8_t tag = link->tags[i].load(std::memory_order_relaxed);
      if ((tag == wanted || tag == 0) && present->key() == record.key()) {
        Raise(link->slots[i], record);
        return;
      }
    }
  }
}

// What `pointer` points to; a new link if that is nothing yet.
HashIndex::Link& HashIndex::FollowOrExtend(std::atomic<Link*>& pointer) {
  Link* link = pointer.load(std::memory_order_acquire);
  if (link != nullptr) return *link;
  Link* fresh = NewArray<Link>(arena_, 1);
  // If another thread is faster, its link serves as well and this one lies unused in the arena.
  return pointer.compare_exchange_strong(link, fresh, std::memory_order_acq_rel) ? *fresh : *link;
}

void HashIndex::Raise(std::atomic<const EntryRecord*>& slot, const EntryRecord& record) noexcept {
  const EntryRecord* present = slot.load(std::memory_order_acquire);
  while (present->sequence() < record.sequence() &&
         !slot.compare_exchange_weak(present, &record, std::memory_order_acq_rel)) {
  }
}

}  // namespace quiver
