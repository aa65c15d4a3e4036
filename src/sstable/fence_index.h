// FenceIndex: finds the block of a key among the separators of a table.
//
// Separators are cut into layers after the idea of Masstree (Mao, Kohler, Morris, EuroSys 2012):
// a layer strips the bytes that all its separators share and compares the next eight as one
// number. Separators whose eight bytes are equal form a group; a large group is a layer of its
// own. So keys that share long prefixes ("https://host/…") cost a few comparisons of numbers, not
// of strings:
//
//   root    strip "https://"      words: "a.exampl" "b.exampl" …       group of many: child layer
//   child   strip "e.org/page/"   words: "00000017" "00000042" …       group of one: compare the
//   rest
//
// Within a layer the words lie in a static B+-tree of nodes of eight (one cache line): a node is
// searched without a branch, by AVX2 where the processor has it, and the next one is computed, not
// loaded.
//
// Invariants:
//  1. Find(key) = number of separators at or below the key, for every sequence of separators in
//     ascending order, equal ones included.
//  2. A child layer strips at least eight bytes more than its parent, so the depth is bounded by
//     the longest separator.
//
// Thread safety: immutable once built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace quiver {

/// Views the separators of a table: offsets[0 … count] into bytes.
struct Separators {
  const std::uint32_t* offsets = nullptr;
  const char* bytes = nullptr;
  std::uint32_t count = 0;

  std::string_view operator[](std::size_t i) const noexcept {
    return {bytes + offsets[i], offsets[i + 1] - offsets[i]};
  }
};

class FenceIndex {
 public:
  FenceIndex() = default;
  /// `separators` must ascend (equal ones allowed) and outlive the index. `use_simd` false keeps to
  /// portable code; without AVX2 it is false anyway.
  explicit FenceIndex(const Separators& separators, bool use_simd = true);

  /// Number of separators at or below `key`: the block that may hold it.
  std::size_t Find(std::string_view key) const noexcept;
  std::uint64_t memory_bytes() const noexcept;

 private:
  struct Layer {
    std::uint32_t begin = 0;  ///< separators of this layer
    std::uint32_t end = 0;
    std::uint32_t compared = 0;     ///< bytes that the layers above have compared
    std::uint32_t skip = 0;         ///< bytes that all separators share: words start here
    std::uint32_t first_level = 0;  ///< in levels_: the tree of the words, leaves first
    std::uint32_t height = 0;       ///< levels of the tree
    std::uint32_t first_group = 0;  ///< in groups_
    std::uint32_t groups = 0;
  };
  struct Group {
    std::uint32_t begin = 0;  ///< its first separator
    std::uint32_t child = 0;  ///< layer, or 0
  };
  static constexpr std::size_t kNodeWords = 8;
  /// Words with the highest bit flipped, so that their order is that of signed numbers, which is
  /// the only one that AVX2 compares.
  struct alignas(64) Node {
    std::int64_t words[kNodeWords];
  };

  std::uint32_t AddLayer(std::uint32_t begin, std::uint32_t end, std::uint32_t compared);
  void AddTree(Layer& layer, const std::vector<std::uint64_t>& words);
  std::size_t LowerBound(const Layer& layer, std::int64_t word) const noexcept;
  std::size_t LowerBoundAvx2(const Layer& layer, std::int64_t word) const noexcept;
  std::size_t FindInGroup(std::size_t begin, std::size_t end, std::uint32_t skip,
                          std::string_view rest) const noexcept;

  Separators separators_;
  bool use_avx2_ = false;
  std::vector<Layer> layers_;
  std::vector<Group> groups_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> levels_;  ///< first node of each level of each layer's tree
};

}  // namespace quiver
