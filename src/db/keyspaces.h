// Keyspaces: the open keyspaces of an engine, by id and by name.
//
// Thread safety: everything from any thread; Default() takes no lock.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "db/keyspace_state.h"

namespace quiver {

class Keyspaces {
 public:
  /// The first one added is the default one. Ids ascend.
  KeyspaceState& Add(std::unique_ptr<KeyspaceState> keyspace) EXCLUDES(mutex_);

  /// Forgets all of them, for the end of the engine.
  void Clear() EXCLUDES(mutex_);

  KeyspaceState& Default() const noexcept { return *default_; }
  /// Those that were not dropped, in order of their ids.
  std::vector<KeyspaceState*> All() const EXCLUDES(mutex_);
  /// nullptr if there is none, or it was dropped.
  KeyspaceState* Find(std::uint32_t id) const EXCLUDES(mutex_);
  KeyspaceState* FindByName(std::string_view name) const EXCLUDES(mutex_);
  std::size_t count() const EXCLUDES(mutex_);

  /// The oldest log segment that memtables need, those that `flushed` names left out; `otherwise`
  /// if there is none.
  std::uint64_t FirstSegment(std::span<const MemtableRef> flushed, std::uint64_t otherwise) const
      EXCLUDES(mutex_);
  /// Everything at or below is in tables of every keyspace, once what `flushed` names is.
  /// `logged_sequence` is one that the log had reached before the call.
  SequenceNumber FlushedSequence(std::span<const MemtableRef> flushed,
                                 SequenceNumber logged_sequence) const EXCLUDES(mutex_);

 private:
  void ForEachMemtable(const std::function<void(const MemtableRef&)>& visit) const REQUIRES(mutex_);

  KeyspaceState* default_ = nullptr;  // constant once set
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<KeyspaceState>> all_ GUARDED_BY(mutex_);
};

}  // namespace quiver
