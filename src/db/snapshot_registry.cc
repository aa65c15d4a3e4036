#include "db/snapshot_registry.h"

#include <algorithm>

#include "base/schedule_point.h"

namespace quiver {

/// Opens Snapshot's private parts to the registry alone.
class SnapshotAccess {
 public:
  static Snapshot Make(SequenceNumber sequence, std::shared_ptr<const void> registration) {
    return {sequence, std::move(registration)};
  }
  static const void* Registration(const Snapshot& snapshot) { return snapshot.registration_.get(); }
};

struct SnapshotRegistry::Registration {
  std::shared_ptr<SnapshotRegistry> registry;
  SequenceNumber sequence;
  std::uint64_t taken_ns;
  std::uint64_t wall_us;

  Registration(std::shared_ptr<SnapshotRegistry> owner, SequenceNumber at, std::uint64_t now_ns,
               std::uint64_t now_us)
      : registry(std::move(owner)), sequence(at), taken_ns(now_ns), wall_us(now_us) {}
  ~Registration() {
    MutexLock lock(registry->mutex_);
    const auto found = registry->live_.find({sequence, taken_ns});
    if (found != registry->live_.end()) registry->live_.erase(found);
    registry->wall_times_us_.erase(registry->wall_times_us_.find(wall_us));
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
};

Snapshot SnapshotRegistry::Take(const std::function<SequenceNumber()>& visible,
                                const std::function<std::uint64_t()>& wall_us,
                                std::uint64_t now_ns) {
  SequenceNumber sequence = 0;
  std::uint64_t taken_us = 0;
  {
    MutexLock lock(mutex_);
    sequence = visible();
    SchedulePoint();
    taken_us = wall_us();
    live_.insert({sequence, now_ns});
    wall_times_us_.insert(taken_us);
  }
  return SnapshotAccess::Make(sequence, std::make_shared<const Registration>(
                                            shared_from_this(), sequence, now_ns, taken_us));
}

std::uint64_t SnapshotRegistry::OldestTimeUs(std::uint64_t otherwise) const {
  MutexLock lock(mutex_);
  return wall_times_us_.empty() ? otherwise : *wall_times_us_.begin();
}

Result<SnapshotRegistry::ReadPoint> SnapshotRegistry::Resolve(const Snapshot& snapshot) const {
  const auto* registration =
      static_cast<const Registration*>(SnapshotAccess::Registration(snapshot));
  if (registration == nullptr || registration->registry.get() != this) {
    return Error(ErrorCode::kInvalidArgument,
                 "the snapshot belongs to another database or another opening of this one; take "
                 "one with NewSnapshot() of the database that is read");
  }
  return ReadPoint{snapshot.sequence(), registration->wall_us};
}

std::vector<SequenceNumber> SnapshotRegistry::List(
    const std::function<SequenceNumber()>& visible) const {
  std::vector<SequenceNumber> list;
  MutexLock lock(mutex_);
  list.reserve(live_.size() + 1);
  for (const auto& [sequence, taken_ns] : live_) list.push_back(sequence);
  list.push_back(visible());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

std::size_t SnapshotRegistry::count() const {
  MutexLock lock(mutex_);
  return live_.size();
}

std::uint64_t SnapshotRegistry::OldestAgeNs(std::uint64_t now_ns) const {
  MutexLock lock(mutex_);
  std::uint64_t oldest = now_ns;
  for (const auto& [sequence, taken_ns] : live_) oldest = std::min(oldest, taken_ns);
  return now_ns - oldest;
}

}  // namespace quiver
