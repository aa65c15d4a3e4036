#include "memtable/trie/art_node.h"

#include <bit>
#include <cstring>
#include <new>

#include "base/check.h"

namespace quiver {

namespace {

/// The branch bytes of a small node, eight to a word, so that readers load them atomically and
/// compare eight at once.
template <std::size_t kCapacity>
class ByteList {
 public:
  std::uint8_t Get(std::size_t index) const noexcept {
    const std::uint64_t word = words_[index / 8].load(std::memory_order_acquire);
    return static_cast<std::uint8_t>(word >> (index % 8 * 8));
  }
  void Set(std::size_t index, std::uint8_t byte) noexcept {
    std::atomic<std::uint64_t>& word = words_[index / 8];
    word.store(word.load(std::memory_order_relaxed) | std::uint64_t{byte} << (index % 8 * 8),
               std::memory_order_release);
  }
  /// Index of `byte` among the first `count`, or at least `count` if it is not there. Bytes not
  /// set yet are 0 and come after those that are, so the first match decides.
  std::size_t Find(std::uint8_t byte, std::size_t count) const noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    for (std::size_t i = 0; i < kWords && i * 8 < count; ++i) {
      const std::uint64_t word = words_[i].load(std::memory_order_acquire) ^ (kOnes * byte);
      const std::uint64_t zeros = (word - kOnes) & ~word & (kOnes << 7);
      if (zeros == 0) continue;
      return i * 8 + static_cast<std::size_t>(std::countr_zero(zeros)) / 8;
    }
    return count;
  }

 private:
  static constexpr std::size_t kWords = (kCapacity + 7) / 8;
  std::atomic<std::uint64_t> words_[kWords] = {};
};

/// Which of the 256 branch bytes are taken, to step over the gaps of a large node.
class ByteSet {
 public:
  void Insert(std::uint8_t byte) noexcept {
    std::atomic<std::uint64_t>& word = words_[byte / 64];
    word.store(word.load(std::memory_order_relaxed) | std::uint64_t{1} << (byte % 64),
               std::memory_order_release);
  }
  /// The least member above `byte`, or kNoByte.
  int After(int byte) const noexcept {
    const auto from = static_cast<unsigned>(byte + 1);
    if (from > 255) return ArtNode::kNoByte;
    std::uint64_t mask = ~std::uint64_t{0} << (from % 64);
    for (unsigned i = from / 64; i < 4; ++i) {
      const std::uint64_t word = words_[i].load(std::memory_order_acquire) & mask;
      if (word != 0) return static_cast<int>(i) * 64 + std::countr_zero(word);
      mask = ~std::uint64_t{0};
    }
    return ArtNode::kNoByte;
  }
  /// The greatest member below `byte`, or kNoByte.
  int Before(int byte) const noexcept {
    if (byte <= 0) return ArtNode::kNoByte;
    const auto from = static_cast<unsigned>(byte - 1);
    std::uint64_t mask = ~std::uint64_t{0} >> (63 - from % 64);
    for (unsigned i = from / 64 + 1; i-- > 0;) {
      const std::uint64_t word = words_[i].load(std::memory_order_acquire) & mask;
      if (word != 0) return static_cast<int>(i) * 64 + 63 - std::countl_zero(word);
      mask = ~std::uint64_t{0};
    }
    return ArtNode::kNoByte;
  }

 private:
  std::atomic<std::uint64_t> words_[4] = {};
};

template <std::size_t kCapacity>
class SmallNode : public ArtNode {
 public:
  explicit SmallNode(std::string_view prefix) noexcept
      : ArtNode(kCapacity == 4 ? Kind::k4 : Kind::k16, prefix) {}

  static constexpr std::size_t capacity() noexcept { return kCapacity; }
  const ArtSlot* Find(std::uint8_t byte) const noexcept {
    const std::size_t count = count_.load(std::memory_order_acquire);
    const std::size_t index = bytes_.Find(byte, count);
    return index < count ? &children_[index] : nullptr;
  }
  void Add(std::uint8_t byte, ArtChild child) noexcept {
    const std::uint16_t count = count_.load(std::memory_order_relaxed);
    children_[count].store(child, std::memory_order_relaxed);
    bytes_.Set(count, byte);
    count_.store(static_cast<std::uint16_t>(count + 1), std::memory_order_release);
  }
  Edge After(int byte) const noexcept {
    return Best([byte](int candidate, int best) {
      return candidate > byte && (best == kNoByte || candidate < best);
    });
  }
  Edge Before(int byte) const noexcept {
    return Best([byte](int candidate, int best) { return candidate < byte && candidate > best; });
  }

 private:
  template <typename IsBetter>
  Edge Best(IsBetter is_better) const noexcept {
    const std::size_t count = count_.load(std::memory_order_acquire);
    int best = kNoByte;
    std::size_t best_index = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const int candidate = bytes_.Get(i);
      if (is_better(candidate, best)) {
        best = candidate;
        best_index = i;
      }
    }
    if (best == kNoByte) return {kNoByte, {}};
    return {best, children_[best_index].load(std::memory_order_acquire)};
  }

  ByteList<kCapacity> bytes_;
  ArtSlot children_[kCapacity];
};

/// What the large nodes share: finding the neighbour of a byte through the set.
template <typename Node>
class LargeNode : public ArtNode {
 public:
  Edge After(int byte) const noexcept { return At(taken_.After(byte)); }
  Edge Before(int byte) const noexcept { return At(taken_.Before(byte)); }

 protected:
  Edge At(int byte) const noexcept {
    if (byte == kNoByte) return {kNoByte, {}};
    const ArtSlot* slot = static_cast<const Node*>(this)->Find(static_cast<std::uint8_t>(byte));
    return {byte, slot->load(std::memory_order_acquire)};
  }
  void Took(std::uint8_t byte) noexcept {
    taken_.Insert(byte);
    const std::uint16_t count = count_.load(std::memory_order_relaxed);
    count_.store(static_cast<std::uint16_t>(count + 1), std::memory_order_release);
  }

 private:
  friend Node;  // nobody else can derive from a LargeNode<Node>
  LargeNode(Kind kind, std::string_view prefix) noexcept : ArtNode(kind, prefix) {}

  ByteSet taken_;
};

class Node48 : public LargeNode<Node48> {
 public:
  explicit Node48(std::string_view prefix) noexcept : LargeNode(Kind::k48, prefix) {}

  static constexpr std::size_t capacity() noexcept { return 48; }
  const ArtSlot* Find(std::uint8_t byte) const noexcept {
    const std::uint8_t place = places_[byte].load(std::memory_order_acquire);
    return place == 0 ? nullptr : &children_[place - 1];
  }
  void Add(std::uint8_t byte, ArtChild child) noexcept {
    const std::uint16_t count = count_.load(std::memory_order_relaxed);
    children_[count].store(child, std::memory_order_relaxed);
    places_[byte].store(static_cast<std::uint8_t>(count + 1), std::memory_order_release);
    Took(byte);
  }

 private:
  std::atomic<std::uint8_t> places_[256] = {};  ///< 0: no child; else its index plus one
  ArtSlot children_[48];
};

class Node256 : public LargeNode<Node256> {
 public:
  explicit Node256(std::string_view prefix) noexcept : LargeNode(Kind::k256, prefix) {}

  static constexpr std::size_t capacity() noexcept { return 256; }
  const ArtSlot* Find(std::uint8_t byte) const noexcept {
    const ArtSlot& slot = children_[byte];
    return slot.load(std::memory_order_relaxed).empty() ? nullptr : &slot;
  }
  void Add(std::uint8_t byte, ArtChild child) noexcept {
    children_[byte].store(child, std::memory_order_release);
    Took(byte);
  }

 private:
  ArtSlot children_[256];
};

using Node4 = SmallNode<4>;
using Node16 = SmallNode<16>;
static_assert(sizeof(Node4) == 64, "the commonest node is one cache line large");

/// Calls `action` with the node as what it is.
template <typename Node, typename Action>
decltype(auto) Dispatch(Node* node, Action action) {
  const auto as = [node]<typename Target>(Target*) {
    if constexpr (std::is_const_v<Node>) {
      return static_cast<const Target*>(node);
    } else {
      return static_cast<Target*>(node);
    }
  };
  switch (node->kind()) {
    case ArtNode::Kind::k4: return action(as(static_cast<Node4*>(nullptr)));
    case ArtNode::Kind::k16: return action(as(static_cast<Node16*>(nullptr)));
    case ArtNode::Kind::k48: return action(as(static_cast<Node48*>(nullptr)));
    case ArtNode::Kind::k256: break;
  }
  return action(as(static_cast<Node256*>(nullptr)));
}

template <typename Node>
ArtNode* Make(Arena& arena, std::string_view prefix) {
  return new (arena.Allocate(sizeof(Node))) Node(prefix);
}

/// Gives the new node `to` everything that hangs below `from`.
void CopyBelow(const ArtNode& from, ArtNode& to) noexcept {
  to.terminal().store(from.terminal().load(std::memory_order_relaxed), std::memory_order_relaxed);
  for (auto edge = from.ChildAfter(ArtNode::kBeforeFirst); edge.byte != ArtNode::kNoByte;
       edge = from.ChildAfter(edge.byte)) {
    to.AddChild(static_cast<std::uint8_t>(edge.byte), edge.child);
  }
}

}  // namespace

ArtNode::ArtNode(Kind kind, std::string_view prefix) noexcept
    : kind_(kind), prefix_bytes_(static_cast<std::uint32_t>(prefix.size())) {
  if (prefix.size() > sizeof(prefix_inline_)) {
    prefix_pointer_ = prefix.data();
  } else {
    std::memset(prefix_inline_, 0, sizeof(prefix_inline_));
    if (!prefix.empty()) std::memcpy(prefix_inline_, prefix.data(), prefix.size());
  }
}

ArtNode* ArtNode::New(Arena& arena, Kind kind, std::string_view prefix) {
  switch (kind) {
    case Kind::k4: return Make<Node4>(arena, prefix);
    case Kind::k16: return Make<Node16>(arena, prefix);
    case Kind::k48: return Make<Node48>(arena, prefix);
    case Kind::k256: break;
  }
  return Make<Node256>(arena, prefix);
}

ArtChild ArtNode::Child(std::uint8_t byte) const noexcept {
  return Dispatch(this, [byte](const auto* node) {
    const ArtSlot* slot = node->Find(byte);
    return slot == nullptr ? ArtChild() : slot->load(std::memory_order_acquire);
  });
}

ArtNode::Edge ArtNode::ChildAfter(int byte) const noexcept {
  return Dispatch(this, [byte](const auto* node) { return node->After(byte); });
}

ArtNode::Edge ArtNode::ChildBefore(int byte) const noexcept {
  return Dispatch(this, [byte](const auto* node) { return node->Before(byte); });
}

ArtSlot* ArtNode::FindSlot(std::uint8_t byte) noexcept {
  return Dispatch(this, [byte](auto* node) { return const_cast<ArtSlot*>(node->Find(byte)); });
}

bool ArtNode::full() const noexcept {
  const std::size_t count = count_.load(std::memory_order_relaxed);
  return Dispatch(this, [count](const auto* node) { return count == node->capacity(); });
}

void ArtNode::AddChild(std::uint8_t byte, ArtChild child) noexcept {
  QUIVER_DCHECK(!full());
  Dispatch(this, [byte, child](auto* node) { node->Add(byte, child); });
}

ArtNode* ArtNode::Grown(Arena& arena) const {
  QUIVER_DCHECK(kind_ != Kind::k256);
  ArtNode* larger = New(arena, static_cast<Kind>(static_cast<std::uint8_t>(kind_) + 1), prefix());
  CopyBelow(*this, *larger);
  return larger;
}

ArtNode* ArtNode::WithPrefix(Arena& arena, std::string_view prefix) const {
  ArtNode* copy = New(arena, kind_, prefix);
  CopyBelow(*this, *copy);
  return copy;
}

}  // namespace quiver
