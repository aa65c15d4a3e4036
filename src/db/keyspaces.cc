#include "db/keyspaces.h"

#include <algorithm>

namespace quiver {

namespace {

bool IsOneOf(std::span<const MemtableRef> memtables, const MemtableRef& memtable) {
  return std::ranges::find(memtables, memtable) != memtables.end();
}

}  // namespace

KeyspaceState& Keyspaces::Add(std::unique_ptr<KeyspaceState> keyspace) {
  MutexLock lock(mutex_);
  if (default_ == nullptr) default_ = keyspace.get();
  return *all_.emplace_back(std::move(keyspace));
}

void Keyspaces::Clear() {
  MutexLock lock(mutex_);
  all_.clear();
  default_ = nullptr;
}

std::vector<KeyspaceState*> Keyspaces::All() const {
  std::vector<KeyspaceState*> live;
  MutexLock lock(mutex_);
  live.reserve(all_.size());
  for (const auto& keyspace : all_) {
    if (!keyspace->dropped.load(std::memory_order_acquire)) live.push_back(keyspace.get());
  }
  return live;
}

KeyspaceState* Keyspaces::Find(std::uint32_t id) const {
  MutexLock lock(mutex_);
  const auto found =
      std::ranges::lower_bound(all_, id, {}, [](const auto& keyspace) { return keyspace->id; });
  if (found == all_.end() || (*found)->id != id) return nullptr;
  return (*found)->dropped.load(std::memory_order_acquire) ? nullptr : found->get();
}

KeyspaceState* Keyspaces::FindByName(std::string_view name) const {
  MutexLock lock(mutex_);
  for (const auto& keyspace : all_) {
    if (keyspace->name == name && !keyspace->dropped.load(std::memory_order_acquire)) {
      return keyspace.get();
    }
  }
  return nullptr;
}

std::size_t Keyspaces::count() const {
  MutexLock lock(mutex_);
  return all_.size();
}

void Keyspaces::ForEachMemtable(const std::function<void(const MemtableRef&)>& visit) const {
  for (const auto& keyspace : all_) {
    for (const MemtableRef& memtable : keyspace->state.ImmutablesOldestFirst()) visit(memtable);
    visit(keyspace->state.active());
  }
}

std::uint64_t Keyspaces::FirstSegment(std::span<const MemtableRef> flushed,
                                      std::uint64_t otherwise) const {
  std::uint64_t first = otherwise;
  MutexLock lock(mutex_);
  ForEachMemtable([&](const MemtableRef& memtable) {
    if (memtable->is_placeholder() || IsOneOf(flushed, memtable)) return;
    first = std::min(first, memtable->first_segment());
  });
  return first;
}

SequenceNumber Keyspaces::FlushedSequence(std::span<const MemtableRef> flushed,
                                          SequenceNumber logged_sequence) const {
  SequenceNumber everywhere = logged_sequence;
  MutexLock lock(mutex_);
  ForEachMemtable([&](const MemtableRef& memtable) {
    if (memtable->is_placeholder() || IsOneOf(flushed, memtable)) return;
    everywhere = std::min(everywhere, memtable->floor_sequence());
  });
  return everywhere;
}

}  // namespace quiver
