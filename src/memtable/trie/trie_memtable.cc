#include "memtable/trie/trie_memtable.h"

#include <new>

#include "base/schedule_point.h"
#include "memtable/common_prefix.h"
#include "memtable/trie/trie_iterator.h"

namespace quiver {

namespace {

/// Hangs `leaf` below `node`, which stands for the first `depth` bytes of its key.
void AttachLeaf(ArtNode& node, ArtVersion* leaf, std::size_t depth) noexcept {
  const std::string_view key = leaf->record->key();
  if (depth == key.size()) {
    node.terminal().store(ArtChild(leaf), std::memory_order_release);
  } else {
    node.AddChild(static_cast<std::uint8_t>(key[depth]), ArtChild(leaf));
  }
}

}  // namespace

void TrieMemtable::Add(const EntryView& entry) {
  // The version goes in front of its record, so that a lookup finds both in neighbouring lines.
  std::byte* memory = arena_.Allocate(sizeof(ArtVersion));
  Insert(new (memory) ArtVersion(EntryRecord::Create(arena_, entry)));
  entry_count_.fetch_add(1, std::memory_order_release);
}

void TrieMemtable::Insert(ArtVersion* version) {
  const std::string_view key = version->record->key();
  ArtSlot* slot = &root_;
  std::size_t depth = 0;  // bytes of the key that the path to `slot` stands for
  while (true) {
    const ArtChild child = slot->load(std::memory_order_relaxed);
    if (child.empty()) {
      slot->store(ArtChild(version), std::memory_order_release);
      return;
    }
    if (child.is_leaf()) return InsertAtLeaf(*slot, child.leaf(), version, depth);
    ArtNode* node = child.node();
    const std::size_t common = CommonPrefixBytes(node->prefix(), key.substr(depth));
    if (common < node->prefix().size()) return SplitPrefix(*slot, node, common, version, depth);
    depth += common;
    if (depth == key.size()) {
      slot = &node->terminal();
      continue;
    }
    ArtSlot* next = node->FindSlot(static_cast<std::uint8_t>(key[depth]));
    if (next == nullptr) {
      if (!node->full()) return AttachLeaf(*node, version, depth);
      ArtNode* larger = node->Grown(arena_);
      AttachLeaf(*larger, version, depth);
      slot->store(ArtChild(larger), std::memory_order_release);
      return;
    }
    slot = next;
    ++depth;
  }
}

void TrieMemtable::InsertAtLeaf(ArtSlot& slot, ArtVersion* newest, ArtVersion* version,
                                std::size_t depth) {
  const std::string_view key = version->record->key();
  const std::string_view other = newest->record->key();
  if (key == other) {
    const SequenceNumber sequence = version->record->sequence();
    if (newest->record->sequence() < sequence) {
      version->older.store(newest, std::memory_order_relaxed);
      SchedulePoint();
      slot.store(ArtChild(version), std::memory_order_release);
      return;
    }
    ArtVersion* newer = newest;
    ArtVersion* older = newer->older.load(std::memory_order_relaxed);
    while (older != nullptr && older->record->sequence() > sequence) {
      newer = older;
      older = newer->older.load(std::memory_order_relaxed);
    }
    version->older.store(older, std::memory_order_relaxed);
    newer->older.store(version, std::memory_order_release);
    return;
  }
  const std::size_t common = CommonPrefixBytes(key.substr(depth), other.substr(depth));
  ArtNode* node = ArtNode::New(arena_, ArtNode::Kind::k4, key.substr(depth, common));
  AttachLeaf(*node, newest, depth + common);
  AttachLeaf(*node, version, depth + common);
  slot.store(ArtChild(node), std::memory_order_release);
}

void TrieMemtable::SplitPrefix(ArtSlot& slot, const ArtNode* node, std::size_t common,
                               ArtVersion* version, std::size_t depth) {
  const std::string_view prefix = node->prefix();
  ArtNode* upper = ArtNode::New(arena_, ArtNode::Kind::k4, prefix.substr(0, common));
  // The byte where the keys part becomes the branch byte; the copy keeps what follows it.
  upper->AddChild(static_cast<std::uint8_t>(prefix[common]),
                  ArtChild(node->WithPrefix(arena_, prefix.substr(common + 1))));
  AttachLeaf(*upper, version, depth + common);
  slot.store(ArtChild(upper), std::memory_order_release);
}

bool TrieMemtable::Get(const LookupKey& lookup, LookupAnswer& answer) const {
  const std::string_view key = lookup.key;
  ArtChild child = root_.load(std::memory_order_acquire);
  std::size_t depth = 0;
  while (!child.empty() && !child.is_leaf()) {
    const ArtNode* node = child.node();
    const std::string_view prefix = node->prefix();
    if (!key.substr(depth).starts_with(prefix)) return false;
    depth += prefix.size();
    if (depth == key.size()) {
      child = node->terminal().load(std::memory_order_acquire);
      break;
    }
    child = node->Child(static_cast<std::uint8_t>(key[depth]));
    ++depth;
  }
  if (child.empty() || child.leaf()->record->key().substr(depth) != key.substr(depth)) {
    return false;
  }
  for (const ArtVersion* version = child.leaf(); version != nullptr;
       version = version->older.load(std::memory_order_acquire)) {
    if (version->record->sequence() > lookup.sequence) continue;
    version->record->FillAnswer(answer);
    return true;
  }
  return false;
}

std::unique_ptr<InternalIterator> TrieMemtable::NewIterator() const {
  return std::make_unique<TrieIterator>(root_);
}

}  // namespace quiver
