// LiveState: the current memtables and version, and the one place where they change together.
//
// Every change makes a new ReadView and publishes it; readers never take this lock. The write path
// waits here for room, and flushes and compactions announce here that there is some.
//
// Thread safety: everything from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "db/memtable_handle.h"
#include "db/read_view.h"
#include "version/version.h"

namespace quiver {

class LiveState {
 public:
  LiveState(EpochManager& epochs, MemtableRef active, VersionRef version);
  LiveState(const LiveState&) = delete;
  LiveState& operator=(const LiveState&) = delete;

  const ReadViewPublisher& views() const noexcept { return publisher_; }

  /// Seals the active memtable's place: it becomes the newest immutable one.
  void Rotate(MemtableRef next_active) EXCLUDES(mutex_);
  /// After a compaction.
  void InstallVersion(VersionRef version) EXCLUDES(mutex_);
  /// After a flush: the tables of `version` hold what `flushed` held.
  void FinishFlush(VersionRef version, std::span<const MemtableRef> flushed) EXCLUDES(mutex_);

  MemtableRef active() const EXCLUDES(mutex_);
  /// Oldest first: the order in which they must be flushed.
  std::vector<MemtableRef> ImmutablesOldestFirst() const EXCLUDES(mutex_);
  /// The oldest log segment that is needed once everything up to `newest_flushed` is in tables.
  std::uint64_t FirstSegmentAfter(const MemtableRef& newest_flushed) const EXCLUDES(mutex_);

  std::uint64_t immutable_count() const noexcept {
    return immutable_count_.load(std::memory_order_acquire);
  }
  std::uint64_t level0_run_count() const noexcept {
    return level0_run_count_.load(std::memory_order_acquire);
  }

  /// Waits until `ready` holds; it is asked after every change and at least ten times a second.
  void WaitUntil(const std::function<bool()>& ready) EXCLUDES(mutex_);
  /// Makes WaitUntil ask again: something other than the state has changed.
  void Wake() EXCLUDES(mutex_);

 private:
  void PublishLocked(std::shared_ptr<ReadView> view) REQUIRES(mutex_);

  mutable Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<const ReadView> view_ GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> immutable_count_{0};
  std::atomic<std::uint64_t> level0_run_count_{0};
  ReadViewPublisher publisher_;
};

}  // namespace quiver
