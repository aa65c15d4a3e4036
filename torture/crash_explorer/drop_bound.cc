#include "crash_explorer/drop_bound.h"

#include <utility>

#include "io/directory.h"

namespace quiver::torture {

void DropBound::RemoveAfter(SequenceNumber last) {
  while (!written_.empty() && written_.back().last > last) written_.pop_back();
}

SequenceNumber DropBound::Newest(const DatabaseConfig& config, const DropMoment& now) const {
  if (config.compaction_strategy != CompactionStrategyKind::kFifo) return 0;
  const auto may_go = [&](const DropMoment& then) {
    constexpr std::uint64_t kSecond = 1'000'000;
    const std::uint64_t size_limit = config.fifo_size_limit_bytes;
    const std::uint64_t age_limit = config.fifo_age_limit_s;
    return (size_limit != 0 && now.table_bytes - then.table_bytes > size_limit) ||
           (age_limit != 0 && then.wall_us / kSecond + age_limit <= now.wall_us / kSecond);
  };
  SequenceNumber newest = 0;
  for (const Written& written : written_) {
    if (may_go(written.moment)) newest = written.last;
  }
  return newest;
}

// A name may come again after a power cut: then it was gone, or empty, in between.
void TableBytes::Look() {
  const auto directory = disk_.OpenDirectory("/db", false);
  if (!directory) return;
  const auto entries = (*directory)->List();
  if (!entries) return;
  std::map<std::string, std::uint64_t> sizes;
  for (const io::DirectoryEntry& entry : *entries) {
    if (!entry.name.ends_with(".arrow")) continue;
    const auto known = sizes_.find(entry.name);
    const std::uint64_t before = known == sizes_.end() ? 0 : known->second;
    const std::uint64_t now = entry.size_bytes;
    if (now > before) sum_ += now - before;
    sizes.emplace(entry.name, now);
  }
  sizes_ = std::move(sizes);
}

}  // namespace quiver::torture
