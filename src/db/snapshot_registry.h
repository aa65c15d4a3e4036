// SnapshotRegistry: the sequence numbers that readers hold, so that flush and compaction keep what
// they need, and their ages, so that a forgotten one is seen.
//
// Thread safety: everything from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "quiver/error.h"
#include "quiver/iterator.h"

namespace quiver {

class SnapshotRegistry : public std::enable_shared_from_this<SnapshotRegistry> {
 public:
  /// Registers the sequence that `visible` returns, read under the lock: a job that lists the
  /// snapshots either sees this one or has seen an older present.
  /// `wall_us`, read likewise, is the moment at which what expires is gone for its readers.
  Snapshot Take(const std::function<SequenceNumber()>& visible,
                const std::function<std::uint64_t()>& wall_us, std::uint64_t now_ns);

  /// kInvalidArgument if the snapshot is of another database.
  struct ReadPoint {
    SequenceNumber sequence = 0;
    std::uint64_t wall_us = 0;
  };
  Result<ReadPoint> Resolve(const Snapshot& snapshot) const;
  /// The earliest moment at which a snapshot was taken, or `otherwise`.
  std::uint64_t OldestTimeUs(std::uint64_t otherwise) const;

  /// Live snapshots ascending, then the present: entries above it must be kept untouched.
  std::vector<SequenceNumber> List(const std::function<SequenceNumber()>& visible) const;
  std::size_t count() const;
  /// Age of the oldest snapshot, or 0.
  std::uint64_t OldestAgeNs(std::uint64_t now_ns) const;

 private:
  struct Registration;
  mutable Mutex mutex_;
  std::multiset<std::pair<SequenceNumber, std::uint64_t>> live_ GUARDED_BY(mutex_);
  std::multiset<std::uint64_t> wall_times_us_ GUARDED_BY(mutex_);
};

}  // namespace quiver
