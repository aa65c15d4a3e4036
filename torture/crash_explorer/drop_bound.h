// DropBound: what fifo may have dropped of what a workload has written. A write may be missing only
// if one of the two limits of its keyspace says so:
//   fifo_age_limit_s       the write is at least so old. A table is as old as its newest flush, so
//                          it goes no earlier than its newest entry allows.
//   fifo_size_limit_bytes  more than so many bytes of tables were written after it. When a table
//                          goes, it and all newer ones exceed the limit together, and none of them
//                          is older than the oldest entry in it.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "io/memory_file_system.h"
#include "quiver/config.h"
#include "quiver/types.h"

namespace quiver::torture {

/// The time, and how many bytes of tables have been written until then.
struct DropMoment {
  std::uint64_t wall_us = 0;
  std::uint64_t table_bytes = 0;
};

class DropBound {
 public:
  /// Everything up to `last` that is not noted yet was written at `moment`, or later.
  void Note(SequenceNumber last, const DropMoment& moment) { written_.push_back({last, moment}); }
  void RemoveAfter(SequenceNumber last);
  /// The newest sequence that may be missing from a keyspace with the settings `config`; 0: none.
  SequenceNumber Newest(const DatabaseConfig& config, const DropMoment& now) const;

 private:
  struct Written {
    SequenceNumber last;
    DropMoment moment;
  };
  std::vector<Written> written_;  // oldest first
};

/// Adds up what is ever written to the tables of the database in /db. Look() after each change of
/// the disk.
class TableBytes {
 public:
  explicit TableBytes(io::MemoryFileSystem& disk) : disk_(disk) {}
  void Look();
  std::uint64_t sum() const noexcept { return sum_; }

 private:
  io::MemoryFileSystem& disk_;
  std::map<std::string, std::uint64_t> sizes_;  // of those that are there
  std::uint64_t sum_ = 0;
};

}  // namespace quiver::torture
