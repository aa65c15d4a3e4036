// ReadView: the memtables and the version that together hold the state of a database, and the
// publisher that hands the newest one to readers without a lock.
//
// A reader takes the view first and the visible sequence number second. Whatever is published
// between the two is newer than the view and is simply not seen; taken the other way round, a
// compaction could have dropped the versions that the older sequence number still wants.
//
// Invariants:
//  1. A view never changes. Every entry of every older view is in each newer one, in a memtable or
//     in a table, until a compaction proves that nobody needs it.
//  2. A new active memtable is published before its first entry is added.
//
// Thread safety: a view is immutable; Current requires an EpochGuard; Publish from one thread at a
// time (the engine's state lock).
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/epoch.h"
#include "base/schedule_point.h"
#include "db/memtable_handle.h"
#include "version/version.h"

namespace quiver {

struct ReadView : std::enable_shared_from_this<ReadView> {
  MemtableRef active;
  std::vector<MemtableRef> immutables;  ///< newest first
  VersionRef version;
};

class ReadViewPublisher {
 public:
  explicit ReadViewPublisher(EpochManager& epochs) : epochs_(epochs) {}
  ~ReadViewPublisher() = default;
  ReadViewPublisher(const ReadViewPublisher&) = delete;
  ReadViewPublisher& operator=(const ReadViewPublisher&) = delete;

  /// The newest view; valid while the caller's EpochGuard lives.
  const ReadView& Current() const noexcept {
    const ReadView* const view = current_.load(std::memory_order_seq_cst);
    SchedulePoint();
    return *view;
  }
  /// The newest view, pinned beyond the guard.
  std::shared_ptr<const ReadView> Pin() const {
    const EpochGuard guard(epochs_);
    return Current().shared_from_this();
  }
  void Publish(std::shared_ptr<const ReadView> view) {
    std::shared_ptr<const ReadView> previous = std::move(owner_);
    owner_ = std::move(view);
    SchedulePoint();
    current_.store(owner_.get(), std::memory_order_seq_cst);
    SchedulePoint();
    if (previous != nullptr) epochs_.Retire(std::move(previous));
  }

 private:
  EpochManager& epochs_;
  std::shared_ptr<const ReadView> owner_;
  std::atomic<const ReadView*> current_{nullptr};
};

}  // namespace quiver
