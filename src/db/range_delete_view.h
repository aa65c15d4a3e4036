// What range deletes hide in a ReadView: those of its memtables and of its version together.
//
// Thread safety: pure functions; NewestRangeDelete requires an EpochGuard.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "db/read_view.h"
#include "version/range_deletes.h"

namespace quiver {

/// The newest sequence at or below `sequence` of a range delete over `key`; 0 if there is none.
/// Versions of the key below it are hidden. Cost where there are none: a load for each memtable.
inline SequenceNumber NewestRangeDelete(const ReadView& view, std::string_view key,
                                        SequenceNumber sequence) noexcept {
  SequenceNumber newest = 0;
  const auto look = [&](const RangeDeletes* ranges) {
    if (ranges != nullptr) [[unlikely]]
      newest = std::max(newest, ranges->Covering(key, sequence));
  };
  look(view.active->range_deletes());
  for (const MemtableRef& memtable : view.immutables) look(memtable->range_deletes());
  look(view.version->range_deletes().get());
  return newest;
}

/// All range deletes of `view`, for an iterator; empty if there are none.
inline std::vector<RangeDeletesRef> AllRangeDeletes(const ReadView& view) {
  std::vector<RangeDeletesRef> all;
  const auto take = [&](RangeDeletesRef ranges) {
    if (ranges != nullptr) all.push_back(std::move(ranges));
  };
  take(view.version->range_deletes());
  take(view.active->PinRangeDeletes());
  for (const MemtableRef& memtable : view.immutables) take(memtable->PinRangeDeletes());
  return all;
}

}  // namespace quiver
