// VersionModel: what a database holds, now and at every earlier write, by ranks and stamps. Keeping
// all versions makes a snapshot a number, where a std::map would have to be copied: the model is
// cheaper than the engine even with a hundred snapshots. A std::map runs beside it now and then
// (Round's shadow), so that it is itself checked.
//
// Invariants: the versions of a key stand in the order of their times, at most one a time.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/rows.h"

namespace quiver::torture {

class VersionModel {
 public:
  /// How many writes there have been: the state after that many.
  using Time = std::uint32_t;
  static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};

  explicit VersionModel(std::uint32_t key_count) : versions_(key_count) {}

  Time now() const noexcept { return now_; }
  /// All that is set from here to the next call is one write.
  void BeginWrite() { ++now_; }
  void Set(std::uint32_t rank, Stamp stamp);

  Stamp At(std::uint32_t rank, Time time) const;
  /// The first live rank in [begin, end), or the last one; kNowhere if there is none.
  std::uint32_t FirstLive(std::uint32_t begin, std::uint32_t end, Time time) const;
  std::uint32_t LastLive(std::uint32_t begin, std::uint32_t end, Time time) const;
  /// How many versions a key got after `time`.
  std::uint64_t VersionsSince(std::uint32_t rank, Time time) const;

 private:
  struct Version {
    Time time;
    Stamp stamp;
  };
  /// The first version after `time`.
  static auto After(const std::vector<Version>& versions, Time time);

  Time now_ = 0;
  std::vector<std::vector<Version>> versions_;  // by rank
};

}  // namespace quiver::torture
