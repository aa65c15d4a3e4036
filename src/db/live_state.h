// LiveState: the current memtables and version of a keyspace, and the one place where they change
// together.
//
// Every change makes a new ReadView and publishes it; readers never take this lock. Every change is
// also announced through the signal, where the write path waits for room.
//
// Thread safety: everything from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "db/change_signal.h"
#include "db/memtable_handle.h"
#include "db/read_view.h"
#include "version/version.h"

namespace quiver {

class LiveState {
 public:
  struct Parts {
    EpochManager* epochs;
    ChangeSignal* changed;
    MemtableRef placeholder;  ///< active until the first ReplaceActive
  };
  LiveState(const Parts& parts, VersionRef version);
  LiveState(const LiveState&) = delete;
  LiveState& operator=(const LiveState&) = delete;

  const ReadViewPublisher& views() const noexcept { return publisher_; }

  /// The active memtable becomes the newest immutable one, and the placeholder takes its place.
  void Seal() EXCLUDES(mutex_);
  /// Puts a memtable in the place of the placeholder.
  void ReplaceActive(MemtableRef active) EXCLUDES(mutex_);
  /// Forgets all memtables and tables.
  void Clear() EXCLUDES(mutex_);
  /// After a compaction.
  void InstallVersion(VersionRef version) EXCLUDES(mutex_);
  /// After a flush: the tables of `version` hold what `flushed` held.
  void FinishFlush(VersionRef version, std::span<const MemtableRef> flushed) EXCLUDES(mutex_);

  MemtableRef active() const EXCLUDES(mutex_);
  /// Oldest first: the order in which they must be flushed.
  std::vector<MemtableRef> ImmutablesOldestFirst() const EXCLUDES(mutex_);

  std::uint64_t immutable_count() const noexcept {
    return immutable_count_.load(std::memory_order_acquire);
  }
  std::uint64_t level0_run_count() const noexcept {
    return level0_run_count_.load(std::memory_order_acquire);
  }

 private:
  void PublishLocked(std::shared_ptr<ReadView> view) REQUIRES(mutex_);

  ChangeSignal& changed_;
  const MemtableRef placeholder_;
  mutable Mutex mutex_;
  std::shared_ptr<const ReadView> view_ GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> immutable_count_{0};
  std::atomic<std::uint64_t> level0_run_count_{0};
  ReadViewPublisher publisher_;
};

}  // namespace quiver
