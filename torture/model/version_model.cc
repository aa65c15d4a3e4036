#include "model/version_model.h"

#include <algorithm>

namespace quiver::torture {

void VersionModel::Set(std::uint32_t rank, Stamp stamp) {
  std::vector<Version>& versions = versions_[rank];
  if (!versions.empty() && versions.back().time == now_) {
    versions.back().stamp = stamp;
  } else {
    versions.push_back({now_, stamp});
  }
}

auto VersionModel::After(const std::vector<Version>& versions, Time time) {
  return std::upper_bound(
      versions.begin(), versions.end(), time,
      [](Time wanted, const Version& version) { return wanted < version.time; });
}

Stamp VersionModel::At(std::uint32_t rank, Time time) const {
  const std::vector<Version>& versions = versions_[rank];
  if (versions.empty()) return kAbsent;
  if (versions.back().time <= time) return versions.back().stamp;
  const auto after = After(versions, time);
  return after == versions.begin() ? kAbsent : std::prev(after)->stamp;
}

std::uint64_t VersionModel::VersionsSince(std::uint32_t rank, Time time) const {
  return static_cast<std::uint64_t>(versions_[rank].end() - After(versions_[rank], time));
}

std::uint32_t VersionModel::FirstLive(std::uint32_t begin, std::uint32_t end, Time time) const {
  for (std::uint32_t rank = begin; rank < end; ++rank) {
    if (At(rank, time) != kAbsent) return rank;
  }
  return kNowhere;
}

std::uint32_t VersionModel::LastLive(std::uint32_t begin, std::uint32_t end, Time time) const {
  for (std::uint32_t rank = end; rank > begin; --rank) {
    if (At(rank - 1, time) != kAbsent) return rank - 1;
  }
  return kNowhere;
}

}  // namespace quiver::torture
