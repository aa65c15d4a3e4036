#include "memtable/skiplist/skip_list.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <new>

#include "base/prefetch.h"
#include "base/random.h"
#include "base/schedule_point.h"

namespace quiver {

namespace {

// A quarter of all towers reach level 1, a sixteenth level 2, and so on.
int TowerHeight(std::uint64_t ordinal) noexcept {
  const int zero_pairs = std::countr_zero(Random(ordinal).Next()) / 2;
  return std::min(1 + zero_pairs, SkipList::kHeightMax);
}

}  // namespace

SkipList::SkipList(Arena& arena) : arena_(arena), head_(NewNode(kHeightMax)) {}

SkipList::Node* SkipList::NewNode(int height) {
  const auto levels = static_cast<std::size_t>(height);
  std::byte* memory = arena_.Allocate(sizeof(Node) + levels * sizeof(std::atomic<Node*>));
  auto* node = new (memory) Node;
  for (std::size_t level = 0; level < levels; ++level) {
    new (memory + sizeof(Node) + level * sizeof(std::atomic<Node*>)) std::atomic<Node*>(nullptr);
  }
  return node;
}

void SkipList::RaiseHeight(int height) {
  // A reader that still sees the old height starts lower and walks further: slower, not wrong.
  int current = height_.load(std::memory_order_relaxed);
  while (height > current &&
         !height_.compare_exchange_weak(current, height, std::memory_order_relaxed)) {
  }
}

// Walks a level from `from`, a node before the target. `beyond` is known to lie at or after the
// target, which saves comparing with it again on every level that leads to it.
SkipList::Gap SkipList::FindGapOnLevel(const EntryTarget& target, Node* from, int level,
                                       const Node* beyond) const {
  Node* next = from->Tower()[level].load(std::memory_order_acquire);
  while (next != nullptr && next != beyond) {
    Node* after_next = next->Tower()[level].load(std::memory_order_acquire);
    PrefetchLine(after_next);
    if (!next->Before(target)) break;
    from = next;
    next = after_next;
  }
  return {from, next};
}

// The gap of level 0. Notes the gaps of the levels above in `splice`.
SkipList::Gap SkipList::FindGap(const EntryTarget& target, Splice* splice) const {
  Gap gap{head_, nullptr};
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; --level) {
    gap = FindGapOnLevel(target, gap.before, level, gap.after);
    if (splice != nullptr) (*splice)[static_cast<std::size_t>(level)] = gap;
  }
  return gap;
}

void SkipList::Insert(const EntryView& entry) {
  const int height = TowerHeight(entry_count_.fetch_add(1, std::memory_order_relaxed));
  // The node goes right before its record: a search that ties on the prefix finds the key on
  // the next cache line, fetched with this one.
  Node* node = NewNode(height);
  node->record_ = EntryRecord::Create(arena_, entry);
  const EntryTarget target(*node->record_);
  node->prefix_ = target.prefix;

  Splice splice;
  splice.fill({head_, nullptr});
  RaiseHeight(height);
  FindGap(target, &splice);
  Link(node, target, height, splice);
}

void SkipList::Link(Node* node, const EntryTarget& target, int height, Splice& splice) {
  for (int level = 0; level < height; ++level) {
    Gap gap = splice[static_cast<std::size_t>(level)];
    for (;;) {
      node->Tower()[level].store(gap.after, std::memory_order_relaxed);
      SchedulePoint();
      if (gap.before->Tower()[level].compare_exchange_strong(
              gap.after, node, std::memory_order_release, std::memory_order_relaxed)) {
        break;
      }
      // Another thread linked a node into the gap; the new gap is further along.
      gap = FindGapOnLevel(target, gap.before, level, nullptr);
    }
  }
}

const EntryRecord* SkipList::Find(const LookupKey& key) const {
  const Node* node = FirstAtOrAfter(EntryTarget(key));
  return node != nullptr && node->record().key() == key.key ? &node->record() : nullptr;
}

const SkipList::Node* SkipList::FirstAtOrAfter(const EntryTarget& target) const {
  return FindGap(target, nullptr).after;
}

const SkipList::Node* SkipList::LastBefore(const EntryTarget& target) const {
  const Node* node = FindGap(target, nullptr).before;
  return node == head_ ? nullptr : node;
}

const SkipList::Node* SkipList::Last() const {
  const Node* node = head_;
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; --level) {
    while (const Node* next = node->Tower()[level].load(std::memory_order_acquire)) node = next;
  }
  return node == head_ ? nullptr : node;
}

}  // namespace quiver
