#include "sstable/fence_index.h"

#include <algorithm>
#include <limits>

#include "base/coding.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace quiver {

namespace {

// Groups up to this size are searched by comparing strings: a layer would cost as much.
constexpr std::uint32_t kSmallGroup = 4;

std::int64_t Flipped(std::uint64_t word) noexcept {
  return static_cast<std::int64_t>(word ^ (std::uint64_t{1} << 63));
}
// Above every word, or equal to the largest: a search never counts it.
constexpr std::int64_t kPadding = std::numeric_limits<std::int64_t>::max();

bool ProcessorHasAvx2() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
#else
  return false;
#endif
}

std::uint32_t CommonPrefix(std::string_view a, std::string_view b) noexcept {
  const std::size_t limit = std::min(a.size(), b.size());
  std::size_t length = 0;
  while (length < limit && a[length] == b[length]) ++length;
  return static_cast<std::uint32_t>(length);
}

std::string_view Tail(std::string_view text, std::size_t skip) noexcept {
  return {text.data() + skip, text.size() - skip};
}

// Negative, zero or positive as `key` sorts before, with or after everything that starts with
// `prefix`; a key that is itself a proper prefix of `prefix` sorts before.
int CompareToPrefix(std::string_view key, std::string_view prefix) noexcept {
  return key.substr(0, prefix.size()).compare(prefix);
}

}  // namespace

FenceIndex::FenceIndex(const Separators& separators, bool use_simd)
    : separators_(separators), use_avx2_(use_simd && ProcessorHasAvx2()) {
  if (separators_.count > 0) AddLayer(0, separators_.count, 0);
  layers_.shrink_to_fit();
  groups_.shrink_to_fit();
  nodes_.shrink_to_fit();
}

std::uint32_t FenceIndex::AddLayer(std::uint32_t begin, std::uint32_t end, std::uint32_t compared) {
  const auto number = static_cast<std::uint32_t>(layers_.size());
  layers_.emplace_back();
  Layer layer;
  layer.begin = begin;
  layer.end = end;
  layer.compared = compared;
  // They are sorted, so what the first and the last share all share.
  layer.skip = CommonPrefix(separators_[begin], separators_[end - 1]);
  layer.first_group = static_cast<std::uint32_t>(groups_.size());

  std::vector<std::uint64_t> words;
  for (std::uint32_t i = begin; i < end; ++i) {
    const std::uint64_t word = KeyPrefix(Tail(separators_[i], layer.skip));
    if (!words.empty() && words.back() == word) continue;
    words.push_back(word);
    groups_.push_back({i, 0});
  }
  layer.groups = static_cast<std::uint32_t>(words.size());
  groups_.push_back({end, 0});  // so that a group's end is the next one's begin
  AddTree(layer, words);
  layers_[number] = layer;

  for (std::uint32_t group = 0; group < layer.groups; ++group) {
    const std::uint32_t first = groups_[layer.first_group + group].begin;
    const std::uint32_t last = groups_[layer.first_group + group + 1].begin;
    if (last - first <= kSmallGroup) continue;
    // Equal words need not mean eight equal bytes: short separators are padded with zeros. Such a
    // group gains nothing from a layer.
    if (CommonPrefix(separators_[first], separators_[last - 1]) < layer.skip + 8) continue;
    const std::uint32_t child = AddLayer(first, last, layer.skip + 8);
    groups_[layer.first_group + group].child = child;
  }
  return number;
}

void FenceIndex::AddTree(Layer& layer, const std::vector<std::uint64_t>& words) {
  layer.first_level = static_cast<std::uint32_t>(levels_.size());
  std::size_t count = (words.size() + kNodeWords - 1) / kNodeWords;
  levels_.push_back(static_cast<std::uint32_t>(nodes_.size()));
  for (std::size_t node = 0; node < count; ++node) {
    Node& added = nodes_.emplace_back();
    for (std::size_t i = 0; i < kNodeWords; ++i) {
      const std::size_t word = node * kNodeWords + i;
      added.words[i] = word < words.size() ? Flipped(words[word]) : kPadding;
    }
  }
  // Word i of an inner node is the smallest under its child i + 1.
  std::size_t leaves_below = 1;
  while (count > 1) {
    const std::size_t children = count;
    count = (children + kNodeWords) / (kNodeWords + 1);
    levels_.push_back(static_cast<std::uint32_t>(nodes_.size()));
    for (std::size_t node = 0; node < count; ++node) {
      Node& added = nodes_.emplace_back();
      for (std::size_t i = 0; i < kNodeWords; ++i) {
        const std::size_t child = node * (kNodeWords + 1) + i + 1;
        added.words[i] =
            child < children ? Flipped(words[child * leaves_below * kNodeWords]) : kPadding;
      }
    }
    leaves_below *= kNodeWords + 1;
  }
  layer.height = static_cast<std::uint32_t>(levels_.size()) - layer.first_level;
}

std::size_t FenceIndex::LowerBound(const Layer& layer, std::int64_t word) const noexcept {
  std::size_t node = 0;
  std::size_t position = 0;
  for (std::uint32_t level = layer.height; level-- > 0;) {
    const Node& searched = nodes_[levels_[layer.first_level + level] + node];
    position = 0;
    for (std::size_t i = 0; i < kNodeWords; ++i) position += searched.words[i] < word ? 1 : 0;
    if (level > 0) node = node * (kNodeWords + 1) + position;
  }
  return node * kNodeWords + position;
}

#if defined(__x86_64__)
__attribute__((target("avx2,popcnt"))) std::size_t FenceIndex::LowerBoundAvx2(
    const Layer& layer, std::int64_t word) const noexcept {
  const __m256i wanted = _mm256_set1_epi64x(word);
  std::size_t node = 0;
  std::size_t position = 0;
  for (std::uint32_t level = layer.height; level-- > 0;) {
    const Node& searched = nodes_[levels_[layer.first_level + level] + node];
    const auto* const words = reinterpret_cast<const __m256i*>(&searched);
    const __m256i low = _mm256_cmpgt_epi64(wanted, _mm256_load_si256(words));
    const __m256i high = _mm256_cmpgt_epi64(wanted, _mm256_load_si256(words + 1));
    // Words ascend, so the lanes below `wanted` are the first ones: packed to 32 bits each, their
    // number is that of the set bytes over four.
    const auto lanes = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_packs_epi32(low, high)));
    position = static_cast<std::size_t>(_mm_popcnt_u32(lanes)) / 4;
    if (level > 0) node = node * (kNodeWords + 1) + position;
  }
  return node * kNodeWords + position;
}
#else
std::size_t FenceIndex::LowerBoundAvx2(const Layer& layer, std::int64_t word) const noexcept {
  return LowerBound(layer, word);
}
#endif

std::size_t FenceIndex::FindInGroup(std::size_t begin, std::size_t end, std::uint32_t skip,
                                    std::string_view rest) const noexcept {
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    if (Tail(separators_[middle], skip) <= rest) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

std::size_t FenceIndex::Find(std::string_view key) const noexcept {
  if (layers_.empty()) return 0;
  std::uint32_t number = 0;
  for (;;) {
    const Layer& layer = layers_[number];
    if (layer.skip > layer.compared) {
      const std::string_view shared(separators_[layer.begin].data() + layer.compared,
                                    layer.skip - layer.compared);
      const int order = CompareToPrefix(Tail(key, layer.compared), shared);
      if (order != 0) return order < 0 ? layer.begin : layer.end;
    }
    const std::string_view rest = Tail(key, layer.skip);
    const std::int64_t word = Flipped(KeyPrefix(rest));
    const std::size_t found = use_avx2_ ? LowerBoundAvx2(layer, word) : LowerBound(layer, word);
    if (found == layer.groups) return layer.end;
    const Group& group = groups_[layer.first_group + found];
    // The leaf that decided is warm: comparing there costs less than keeping words by group.
    const Node& leaf = nodes_[levels_[layer.first_level] + found / kNodeWords];
    if (leaf.words[found % kNodeWords] != word) return group.begin;
    if (group.child == 0) {
      const std::size_t end = groups_[layer.first_group + found + 1].begin;
      return FindInGroup(group.begin, end, layer.skip, rest);
    }
    // Equal words of a child group mean that the key has these eight bytes or ends in zeros'
    // stead of them; then it sorts before the whole group.
    if (rest.size() < 8) return group.begin;
    number = group.child;
  }
}

std::uint64_t FenceIndex::memory_bytes() const noexcept {
  return layers_.capacity() * sizeof(Layer) + groups_.capacity() * sizeof(Group) +
         nodes_.capacity() * sizeof(Node) + levels_.capacity() * sizeof(std::uint32_t);
}

}  // namespace quiver
