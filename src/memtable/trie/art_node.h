// ArtNode: the inner nodes of an adaptive radix tree, with room for 4, 16, 48 or 256 children.
//
// Leis, Kemper and Neumann, "The adaptive radix tree" (ICDE 2013); the way in which one writer
// changes nodes under readers follows Leis, Scheibner, Kemper and Neumann, "The ART of practical
// synchronization" (DaMoN 2016, ROWEX): a child is added in place while there is room, and a node
// that must change otherwise is copied and the copy published in its parent's slot.
//
// A node stands for one string: all keys below begin with it. `prefix` are the bytes between the
// parent's branch byte and this node's own branch (path compression, whole, so no check at the
// leaf is needed for it). `terminal` is the key that ends exactly here; it comes before all
// children, which makes any set of binary keys possible, the empty key and prefixes of other
// keys included.
//
// Invariants:
//  1. kind, prefix and a child's byte never change once published; a slot's child may be
//     replaced by one that stands for the same keys and more.
//  2. A child is stored before the byte, bit or count that leads readers to it (release).
//  3. Nodes of 4 and 16 keep their children in order of arrival; order is found when asked for.
//  4. A published node has at least one child.
//
// Thread safety: one writer beside any number of readers (const methods, and terminal().load).
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "memtable/entry_record.h"

namespace quiver {

class ArtNode;

/// One version of a key. A key's versions are chained from the newest to the oldest.
struct ArtVersion {
  explicit ArtVersion(const EntryRecord* entry_record) noexcept : record(entry_record) {}

  const EntryRecord* const record;
  std::atomic<ArtVersion*> older{nullptr};
};

/// What a slot holds: nothing, an inner node, or a leaf, which is a key's newest version.
class ArtChild {
 public:
  ArtChild() noexcept = default;
  explicit ArtChild(ArtNode* node) noexcept : bits_(reinterpret_cast<std::uintptr_t>(node)) {}
  explicit ArtChild(ArtVersion* newest) noexcept
      : bits_(reinterpret_cast<std::uintptr_t>(newest) | kLeafBit) {}

  bool empty() const noexcept { return bits_ == 0; }
  bool is_leaf() const noexcept { return (bits_ & kLeafBit) != 0; }
  ArtNode* node() const noexcept { return reinterpret_cast<ArtNode*>(bits_); }
  ArtVersion* leaf() const noexcept { return reinterpret_cast<ArtVersion*>(bits_ & ~kLeafBit); }

 private:
  static constexpr std::uintptr_t kLeafBit = 1;  // free, for everything is aligned to 8
  std::uintptr_t bits_ = 0;
};

using ArtSlot = std::atomic<ArtChild>;
static_assert(ArtSlot::is_always_lock_free);

class ArtNode {
 public:
  enum class Kind : std::uint8_t { k4, k16, k48, k256 };
  /// A branch byte and where it leads; the byte is kNoByte if there is none.
  struct Edge {
    int byte;
    ArtChild child;
  };
  static constexpr int kNoByte = -1;
  static constexpr int kBeforeFirst = -1;
  static constexpr int kAfterLast = 256;

  /// An empty node. A prefix longer than eight bytes must lie in the arena for good.
  static ArtNode* New(Arena& arena, Kind kind, std::string_view prefix);

  Kind kind() const noexcept { return kind_; }
  std::string_view prefix() const noexcept {
    return {prefix_bytes_ <= sizeof(prefix_inline_) ? prefix_inline_ : prefix_pointer_,
            prefix_bytes_};
  }
  const ArtSlot& terminal() const noexcept { return terminal_; }
  ArtSlot& terminal() noexcept { return terminal_; }

  /// The child behind `byte`, or empty.
  ArtChild Child(std::uint8_t byte) const noexcept;
  /// The first child behind a byte greater than `byte`; kBeforeFirst for the first of all.
  Edge ChildAfter(int byte) const noexcept;
  /// The last child behind a byte less than `byte`; kAfterLast for the last of all.
  Edge ChildBefore(int byte) const noexcept;

  // For the writer:
  /// The slot of the child behind `byte`, or null.
  ArtSlot* FindSlot(std::uint8_t byte) noexcept;
  bool full() const noexcept;
  /// Adds a child behind a byte that has none yet; not when full.
  void AddChild(std::uint8_t byte, ArtChild child) noexcept;
  /// A copy of the next larger kind.
  ArtNode* Grown(Arena& arena) const;
  /// A copy with another prefix.
  ArtNode* WithPrefix(Arena& arena, std::string_view prefix) const;

 protected:
  ArtNode(Kind kind, std::string_view prefix) noexcept;

  const Kind kind_;
  std::atomic<std::uint16_t> count_{0};
  const std::uint32_t prefix_bytes_;
  union {
    char prefix_inline_[8];
    const char* prefix_pointer_;
  };
  ArtSlot terminal_;
};

}  // namespace quiver
