#include "memtable/enhanced_skiplist/b_skip_list.h"

namespace quiver {

BSkipList::BSkipList(Arena& arena)
    : arena_(arena), first_leaf_(FatNode::NewLeaf(arena)), root_(first_leaf_) {}

bool BSkipList::Start(Path& path) const noexcept {
  path.parent = nullptr;
  path.node = root_.load(std::memory_order_acquire);
  path.version = path.node->lock().AwaitVersion();
  // A root that has split no longer covers everything; its version then came after the new root.
  return root_.load(std::memory_order_acquire) == path.node;
}

bool BSkipList::StepDown(Path& path, std::uint32_t child_position) noexcept {
  auto* parent = static_cast<FatIndexNode*>(path.node);
  FatNode* child = parent->child(child_position);
  // The position and the pointer may stem from different states; a wrong one is not followed.
  if (!parent->lock().Unchanged(path.version)) return false;
  child->Prefetch();
  const OptimisticLock::Version version = child->lock().AwaitVersion();
  if (!parent->lock().Unchanged(path.version)) return false;
  path = {parent, path.version, child_position, child, version};
  return true;
}

BSkipList::Path BSkipList::DescendTo(const EntryTarget& target) const noexcept {
  Path path;
  for (;;) {
    bool current = Start(path);
    while (current && !path.node->is_leaf()) {
      current = StepDown(path, path.node->LowerBound(target));
    }
    if (current) return path;
  }
}

const EntryRecord* BSkipList::Find(const LookupKey& key) const {
  const EntryTarget target(key);
  for (;;) {
    const Path path = DescendTo(target);
    const FatNode& leaf = *path.node;
    const std::uint32_t position = leaf.LowerBound(target);
    const EntryRecord* record = nullptr;
    if (position < leaf.count()) {
      if (leaf.MayHoldKey(position, target)) record = leaf.record(position);
    } else if (const FatNode* next = leaf.next(); next != nullptr) {
      record = next->record(0);  // never changes, as it is the leaf's lower end
    }
    if (!leaf.lock().Unchanged(path.version)) continue;
    return record != nullptr && record->key() == key.key ? record : nullptr;
  }
}

std::uint32_t BSkipList::ReadLeafOf(const EntryTarget& target,
                                    FatNode::Snapshot& snapshot) const noexcept {
  for (;;) {
    const Path path = DescendTo(target);
    path.node->CopyTo(snapshot);
    const std::uint32_t position = path.node->LowerBound(target);
    if (path.node->lock().Unchanged(path.version)) return position;
  }
}

void BSkipList::ReadLastLeaf(FatNode::Snapshot& snapshot) const noexcept {
  Path path;
  for (;;) {
    bool current = Start(path);
    while (current && !path.node->is_leaf()) current = StepDown(path, path.node->count());
    if (!current) continue;
    path.node->CopyTo(snapshot);
    if (path.node->lock().Unchanged(path.version)) return;
  }
}

void BSkipList::Insert(const EntryRecord& record) {
  const EntryTarget target(record);
  if (!TryAppend(target, record)) {
    while (!TryInsert(target, record)) {
    }
  }
  // Last, so that this barrier does not keep the search from overlapping with what the caller
  // has under way.
  entry_count_.fetch_add(1, std::memory_order_relaxed);
}

bool BSkipList::TryAppend(const EntryTarget& target, const EntryRecord& record) noexcept {
  FatNode* leaf = append_hint_.load(std::memory_order_acquire);
  if (leaf == nullptr || !leaf->lock().TryLock()) return false;
  if (!leaf->AcceptsAtEnd(target)) {
    leaf->lock().UnlockUnchanged();
    return false;
  }
  leaf->Insert(target, record);
  leaf->lock().Unlock();
  return true;
}

bool BSkipList::TryInsert(const EntryTarget& target, const EntryRecord& record) {
  Path path;
  if (!Start(path)) return false;
  while (!path.node->full() && !path.node->is_leaf()) {
    if (!StepDown(path, path.node->LowerBound(target))) return false;
  }
  FatNode& node = *path.node;
  if (node.full()) {
    Split(path, target);
    return false;
  }
  if (!node.lock().TryLock(path.version)) return false;
  const bool at_end = node.Insert(target, record) + 1 == node.count();
  node.lock().Unlock();
  // Entries in no order must not write a line that all writers share.
  FatNode* hint = at_end ? &node : nullptr;
  if (append_hint_.load(std::memory_order_relaxed) != hint) {
    append_hint_.store(hint, std::memory_order_release);
  }
  return true;
}

void BSkipList::Split(const Path& path, const EntryTarget& target) {
  FatIndexNode* parent = path.parent;
  if (parent != nullptr && !parent->lock().TryLock(path.parent_version)) return;
  if (path.node->lock().TryLock(path.version)) {
    SplitLocked(path, target);
    path.node->lock().Unlock();
    if (parent != nullptr) parent->lock().Unlock();
  } else if (parent != nullptr) {
    parent->lock().UnlockUnchanged();
  }
}

void BSkipList::SplitLocked(const Path& path, const EntryTarget& target) {
  const std::uint32_t position = path.node->SplitPosition(target);
  FatNode* right = nullptr;
  const EntryRecord* separator = nullptr;
  if (path.node->is_leaf()) {
    right = FatNode::NewLeaf(arena_);
    separator = &path.node->SplitLeaf(position, *right);
  } else {
    FatIndexNode* index = FatIndexNode::Allocate(arena_);
    separator = &static_cast<FatIndexNode*>(path.node)->SplitIndex(position, *index);
    right = index;
  }
  if (path.parent != nullptr) {
    path.parent->InsertChild(path.child_position, *separator, *right);
  } else {
    root_.store(FatIndexNode::New(arena_, *path.node, *separator, *right),
                std::memory_order_release);
  }
}

}  // namespace quiver
