// RangeDeletes: the range deletes of a keyspace, as a value that answers which of them covers a
// key.
//
//   [a, f)@5  [d, k)@9          fragments:  a…d {5}   d…f {9, 5}   f…k {9}
//
// Range deletes are not rows of tables. They live beside the tables: in a memtable's handle until
// it is flushed, then in the manifest, until no table can hold an entry that they hide. So they
// cost a scan one look-up for each stretch of live data between two of them, and nothing at all
// while there are none.
//
// Cost: a question O(log fragments). Making one O(n log n), and O(n^2) in time and memory if all n
// overlap, which PruneRangeDeletes prevents where it can; one more (With) O(n^2 / 32) likewise.
//
// Thread safety: immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/types.h"

namespace quiver {

/// Deletes every version of the keys in [begin, end) that is older than `sequence`.
struct RangeDelete {
  std::string begin;
  std::string end;
  SequenceNumber sequence = 0;
  bool operator==(const RangeDelete&) const = default;
};

class RangeDeletes;
/// nullptr: there are none.
using RangeDeletesRef = std::shared_ptr<const RangeDeletes>;

class RangeDeletes : public std::enable_shared_from_this<RangeDeletes> {
 public:
  /// Those with begin >= end hide nothing.
  explicit RangeDeletes(std::vector<RangeDelete> own, RangeDeletesRef base = nullptr);
  RangeDeletes(const RangeDeletes&) = delete;  // the fragments refer to the strings
  RangeDeletes& operator=(const RangeDeletes&) = delete;

  /// `these` and one more, newer than all of them.
  static RangeDeletesRef With(const RangeDeletesRef& these, RangeDelete more);

  std::vector<RangeDelete> all() const;
  std::size_t size() const noexcept;
  SequenceNumber largest_sequence() const noexcept { return largest_sequence_; }

  /// The newest sequence at or below `sequence` of a range delete that covers `key`; 0 if none
  /// does. It hides every version of the key below it.
  SequenceNumber Covering(std::string_view key, SequenceNumber sequence) const noexcept;
  /// The first key at or behind `key` that lies in any of them; nullopt if none does. The view
  /// lives as long as `key` and this object.
  std::optional<std::string_view> FirstCovered(std::string_view key) const noexcept;
  struct Cover {
    SequenceNumber oldest = 0;
    SequenceNumber newest = 0;
  };
  /// Of the answers of Covering for all keys of [first, last] the oldest and the newest; zeros if
  /// some key is not covered. Of the own range deletes alone.
  Cover CoveringAll(std::string_view first, std::string_view last,
                    SequenceNumber sequence) const noexcept;

 private:
  /// So many are added beside a base before both are made one.
  static constexpr std::size_t kOwnMax = 32;

  struct Fragment {
    std::string_view begin;  // of a string in own_
    std::string_view end;
    std::vector<SequenceNumber> sequences;  // newest first
  };
  std::vector<Fragment>::const_iterator FindFragment(std::string_view key) const noexcept;

  const RangeDeletesRef base_;  // without a base of its own
  const std::vector<RangeDelete> own_;
  std::vector<Fragment> fragments_;  // of own_; ascending, disjoint
  SequenceNumber largest_sequence_ = 0;
};

/// `base` and `more` together, without a base; nullptr if both are empty.
RangeDeletesRef AddRangeDeletes(const RangeDeletesRef& base, const RangeDeletesRef& more);

/// Of `ranges`, ascending by sequence, those that no reader needs: a newer one covers the whole
/// range, and none of `readers` (ascending) stands between the two. Those that come to read later
/// must stand above all of them.
std::vector<RangeDelete> RedundantRangeDeletes(const std::vector<RangeDelete>& ranges,
                                               const std::vector<SequenceNumber>& readers);

}  // namespace quiver
