// Iterator, Snapshot and PinnedValue: what a reader may hold on to.
//
// All three may outlive the Database that made them: after Close() an iterator stays where it is
// and ends with status kClosed at its next move, a snapshot is refused with kClosed, and a pinned
// value stays readable.
//
// Thread safety: an Iterator belongs to one thread at a time; a Snapshot and a PinnedValue may be
// read by many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "quiver/error.h"
#include "quiver/types.h"

namespace quiver {

class Keyspace;  // quiver/keyspace.h

/// A value and whatever keeps its bytes alive (a memtable, a cached block): no copy is made.
class PinnedValue {
 public:
  PinnedValue() = default;
  PinnedValue(std::string_view bytes, std::shared_ptr<const void> owner) noexcept
      : bytes_(bytes), owner_(std::move(owner)) {}

  std::string_view view() const noexcept { return bytes_; }
  operator std::string_view() const noexcept {
    return bytes_;
  }  // NOLINT(google-explicit-constructor)
  std::string ToString() const { return std::string(bytes_); }
  std::size_t size() const noexcept { return bytes_.size(); }

 private:
  std::string_view bytes_;
  std::shared_ptr<const void> owner_;
};

/// A consistent view: reads through it see exactly the writes acknowledged before it was taken.
/// Released when the last copy is destroyed. While held, old versions are kept on disk.
class Snapshot {
 public:
  SequenceNumber sequence() const noexcept { return sequence_; }

 private:
  friend class SnapshotAccess;
  Snapshot(SequenceNumber sequence, std::shared_ptr<const void> registration) noexcept
      : sequence_(sequence), registration_(std::move(registration)) {}
  SequenceNumber sequence_;
  std::shared_ptr<const void> registration_;
};

/// What an iterator covers. Bounds are bytewise; the prefix narrows them further.
struct IteratorOptions {
  const Keyspace* keyspace = nullptr;           ///< nullptr: the default one
  std::optional<std::string> lower_bound = {};  ///< first key, inclusive
  std::optional<std::string> upper_bound = {};  ///< end, exclusive
  std::string prefix = {};                      ///< only keys that start so
  const Snapshot* snapshot = nullptr;           ///< nullptr: the state when the iterator is made
  bool fill_cache = true;                       ///< false for one-off scans of cold data
};

/// A cursor over live keys in order. It sees one consistent state however long it lives.
/// Positioned nowhere when made: call a Seek first. key() and value() stay valid until the next
/// move. Cost of a step: O(log runs) comparisons, usually none.
class Iterator {
 public:
  class Impl;
  explicit Iterator(std::unique_ptr<Impl> impl) noexcept;
  Iterator(Iterator&&) noexcept;
  Iterator& operator=(Iterator&&) noexcept;
  ~Iterator();

  void SeekToFirst() noexcept;
  void SeekToLast() noexcept;
  /// To the first key at or after `target` within the bounds.
  void Seek(std::string_view target) noexcept;
  /// To the last key at or before `target` within the bounds.
  void SeekForPrev(std::string_view target) noexcept;
  /// Requires Valid(); otherwise does nothing.
  void Next() noexcept;
  void Prev() noexcept;

  /// True while positioned on an entry. False at either end and after an error.
  bool Valid() const noexcept;
  /// Empty views when not Valid().
  std::string_view key() const noexcept;
  std::string_view value() const noexcept;
  /// The error that ended the iteration, if any. Check it when Valid() turns false.
  Result<void> status() const noexcept;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace quiver
