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
  Snapshot Take(const std::function<SequenceNumber()>& visible, std::uint64_t now_ns);

  /// kInvalidArgument if the snapshot is of another database.
  Result<SequenceNumber> Resolve(const Snapshot& snapshot) const;

  /// Live snapshots ascending, then the present: entries above it must be kept untouched.
  std::vector<SequenceNumber> List(const std::function<SequenceNumber()>& visible) const;
  std::size_t count() const;
  /// Age of the oldest snapshot, or 0.
  std::uint64_t OldestAgeNs(std::uint64_t now_ns) const;

 private:
  struct Registration;
  mutable Mutex mutex_;
  std::multiset<std::pair<SequenceNumber, std::uint64_t>> live_ GUARDED_BY(mutex_);
};

}  // namespace quiver
