#include "memtable/trie/trie_iterator.h"

#include <algorithm>

namespace quiver {

void TrieIterator::Show(const ArtVersion* version) noexcept {
  current_ = version;
  valid_ = version != nullptr;
  if (valid_) entry_ = version->record->view();
}

void TrieIterator::EnterFirst(ArtChild child) {
  while (!child.empty() && !child.is_leaf()) {
    const ArtNode* node = child.node();
    int byte = kTerminal;
    child = node->terminal().load(std::memory_order_acquire);
    if (child.empty()) {
      const ArtNode::Edge edge = node->ChildAfter(ArtNode::kBeforeFirst);
      byte = edge.byte;
      child = edge.child;
    }
    path_.push_back({node, byte});
  }
  chain_.clear();
  newest_ = child.empty() ? nullptr : child.leaf();
  Show(newest_);
}

void TrieIterator::EnterLast(ArtChild child) {
  while (!child.empty() && !child.is_leaf()) {
    const ArtNode* node = child.node();
    const ArtNode::Edge edge = node->ChildBefore(ArtNode::kAfterLast);
    path_.push_back({node, edge.byte});
    child = edge.child;
  }
  chain_.clear();
  newest_ = child.empty() ? nullptr : child.leaf();
  const ArtVersion* oldest = newest_;
  for (const ArtVersion* version = newest_; version != nullptr;
       version = version->older.load(std::memory_order_acquire)) {
    chain_.push_back(version);
    oldest = version;
  }
  Show(oldest);
}

void TrieIterator::LeaveForward() {
  while (!path_.empty()) {
    Step& step = path_.back();
    const ArtNode::Edge edge = step.node->ChildAfter(step.byte);
    if (edge.byte != ArtNode::kNoByte) {
      step.byte = edge.byte;
      EnterFirst(edge.child);
      return;
    }
    path_.pop_back();
  }
  Show(nullptr);
}

void TrieIterator::LeaveBackward() {
  while (!path_.empty()) {
    Step& step = path_.back();
    if (step.byte != kTerminal) {
      const ArtNode::Edge edge = step.node->ChildBefore(step.byte);
      step.byte = edge.byte;
      const ArtChild child = edge.byte != ArtNode::kNoByte
                                 ? edge.child
                                 : step.node->terminal().load(std::memory_order_acquire);
      if (!child.empty()) {
        EnterLast(child);
        return;
      }
    }
    path_.pop_back();
  }
  Show(nullptr);
}

void TrieIterator::SeekToFirst() {
  path_.clear();
  EnterFirst(root_.load(std::memory_order_acquire));
}

void TrieIterator::SeekToLast() {
  path_.clear();
  EnterLast(root_.load(std::memory_order_acquire));
}

void TrieIterator::EnterVersion(const ArtVersion* newest, SequenceNumber sequence) {
  chain_.clear();
  newest_ = newest;
  const ArtVersion* version = newest;
  while (version != nullptr && version->record->sequence() > sequence) {
    version = version->older.load(std::memory_order_acquire);
  }
  if (version != nullptr) {
    Show(version);
  } else {
    LeaveForward();
  }
}

void TrieIterator::Seek(std::string_view key, SequenceNumber sequence) {
  path_.clear();
  ArtChild child = root_.load(std::memory_order_acquire);
  std::size_t depth = 0;  // bytes of the key that the path has matched
  while (!child.empty() && !child.is_leaf()) {
    const ArtNode* node = child.node();
    const std::string_view prefix = node->prefix();
    const std::string_view rest = key.substr(depth);
    const int order = prefix.compare(rest.substr(0, prefix.size()));
    if (order > 0) return EnterFirst(child);  // all keys below come after `key`
    if (order < 0) return LeaveForward();     // all before
    depth += prefix.size();
    if (depth == key.size()) {
      const ArtChild terminal = node->terminal().load(std::memory_order_acquire);
      if (terminal.empty()) return EnterFirst(child);
      path_.push_back({node, kTerminal});
      return EnterVersion(terminal.leaf(), sequence);
    }
    const auto byte = static_cast<std::uint8_t>(key[depth]);
    path_.push_back({node, byte});
    child = node->Child(byte);
    if (child.empty()) return LeaveForward();
    ++depth;
  }
  if (child.empty()) return Show(nullptr);
  const int order = child.leaf()->record->key().substr(depth).compare(key.substr(depth));
  if (order > 0) return EnterFirst(child);
  if (order < 0) return LeaveForward();
  EnterVersion(child.leaf(), sequence);
}

void TrieIterator::SeekForPrev(std::string_view key, SequenceNumber sequence) {
  Seek(key, sequence);
  if (!valid_) SeekToLast();
  // One step back at most, but for entries that were added between the two searches.
  while (valid_ && CompareEntry(entry_.key, entry_.sequence, key, sequence) > 0) Prev();
}

void TrieIterator::Next() {
  const ArtVersion* older = current_->older.load(std::memory_order_acquire);
  if (older == nullptr) return LeaveForward();
  if (!chain_.empty()) chain_.push_back(older);
  Show(older);
}

void TrieIterator::Prev() {
  if (current_ == newest_) return LeaveBackward();
  if (chain_.empty()) {
    for (const ArtVersion* version = newest_; version != current_;
         version = version->older.load(std::memory_order_acquire)) {
      chain_.push_back(version);
    }
  } else {
    chain_.pop_back();
  }
  Show(chain_.back());
}

}  // namespace quiver
