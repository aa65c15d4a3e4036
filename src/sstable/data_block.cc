#include "sstable/data_block.h"

#include <algorithm>

#include "base/entry.h"
#include "base/hash.h"
#include "base/prefetch.h"

namespace quiver {

namespace {

struct RowRange {
  std::uint32_t begin;
  std::uint32_t end;
};

// `key` against the prefix that the block's keys share: 0 if it has it. `first_word` holds the
// first eight bytes of all keys as far as they share them.
int CompareToShared(const DataBlock& block, std::string_view key,
                    std::uint64_t first_word) noexcept {
  constexpr std::uint32_t kWordBytes = sizeof(std::uint64_t);
  const std::uint32_t shared_bytes = block.common_prefix;
  if (shared_bytes == 0) return 0;
  if (shared_bytes <= kWordBytes && key.size() >= shared_bytes) [[likely]] {
    const unsigned dropped_bits = 8 * (kWordBytes - shared_bytes);
    const std::uint64_t wanted = KeyPrefix(key) >> dropped_bits;
    const std::uint64_t shared = first_word >> dropped_bits;
    return wanted == shared ? 0 : wanted < shared ? -1 : 1;
  }
  const std::string_view shared(block.KeyAt(0).data(), shared_bytes);
  return key.substr(0, shared_bytes).compare(shared);
}

// compare() of two keys; most are told apart by the eight bytes behind `shared_bytes`, which both
// have in common.
int CompareKeys(std::string_view a, std::string_view b, std::size_t shared_bytes) noexcept {
  const std::size_t end = shared_bytes + sizeof(std::uint64_t);
  if (a.size() >= end && b.size() >= end) [[likely]] {
    const std::uint64_t word_a = KeyPrefix(a.substr(shared_bytes));
    const std::uint64_t word_b = KeyPrefix(b.substr(shared_bytes));
    if (word_a != word_b) return word_a < word_b ? -1 : 1;
  }
  return a.compare(b);
}

// The rows among which the lower bound of `key` lies, by the samples: it is in [begin, end].
RowRange NarrowBySamples(const DataBlock& block, std::string_view key) noexcept {
  const std::uint32_t count = SampleCount(block.rows);
  const int order = CompareToShared(block, key, block.samples[count]);
  if (order > 0) return {block.rows, block.rows};
  if (order < 0) return {0, 0};
  const std::uint64_t word = KeyPrefix(key.substr(block.common_prefix));
  const std::uint64_t* const end = block.samples + count;
  const std::uint64_t* const at_or_above = std::lower_bound(block.samples, end, word);
  const std::uint64_t* above = at_or_above;
  while (above != end && *above == word) ++above;
  const auto below = static_cast<std::uint32_t>(at_or_above - block.samples);
  const auto not_above = static_cast<std::uint32_t>(above - block.samples);
  return {below == 0 ? 0 : (below - 1) * kSampleRows + 1,
          not_above == count ? block.rows : not_above * kSampleRows};
}

}  // namespace

void DataBlock::PrefetchNear(std::string_view key) const noexcept {
  constexpr std::size_t kNearBytesMax = 512;
  if (samples == nullptr) return;
  const RowRange range = NarrowBySamples(*this, key);
  if (range.begin == rows) return;
  const std::size_t count = range.end - range.begin + std::size_t{range.end < rows};
  if (Has(kUniformKeys)) {
    PrefetchLines(keys + std::size_t{range.begin} * key_width,
                  std::min(count * key_width, kNearBytesMax));
  } else {
    PrefetchLines(key_offsets + range.begin, (count + 1) * sizeof(*key_offsets));
  }
  if (!Has(kConstantSequence)) PrefetchLines(sequences + range.begin, count * sizeof(*sequences));
  if (!Has(kUniformValues)) PrefetchLines(value_offsets + range.begin, count * sizeof(*sequences));
}

void DataBlock::PrefetchValues(std::size_t row) const noexcept {
  constexpr std::uint64_t kWalkBytes = 512;
  const std::uint64_t begin = ValueBegin(row);
  PrefetchLines(values + begin, std::min(ValueEnd(rows - 1) - begin, kWalkBytes));
}

std::uint32_t DataBlock::LowerBound(std::string_view key, SequenceNumber sequence) const noexcept {
  RowRange range{0, rows};
  if (samples != nullptr) range = NarrowBySamples(*this, key);
  // No version of an equal key is too new then, and their sequences need not be looked at.
  const bool sees_all = sequence >= max_sequence;
  while (range.begin < range.end) {
    const std::uint32_t middle = range.begin + (range.end - range.begin) / 2;
    const int order = CompareKeys(KeyAt(middle), key, common_prefix);
    if (order < 0 || (order == 0 && !sees_all && SequenceAt(middle) > sequence)) {
      range.begin = middle + 1;
    } else {
      range.end = middle;
    }
  }
  return range.begin;
}

std::uint32_t DataBlock::FindByOrder(std::string_view key) const noexcept {
  const std::uint32_t row = LowerBound(key, kSequenceMax);
  return row < rows && KeyAt(row) == key ? row : kNoRow;
}

void BuildHashSlots(const DataBlock& block, std::uint16_t* slots) noexcept {
  const std::uint32_t count = HashSlotCount(block.rows);
  std::fill(slots, slots + count, kEmptyHashSlot);
  const std::uint8_t row_bits = RowBits(block.rows);
  std::string_view previous;
  for (std::uint32_t row = 0; row < block.rows; ++row) {
    const std::string_view key = block.KeyAt(row);
    if (row > 0 && key == previous) continue;
    InsertHashSlot(slots, count, row_bits, HashKey(key), row);
    previous = key;
  }
}

void BuildSamples(DataBlock& block, std::uint64_t* samples) noexcept {
  const std::string_view first = block.KeyAt(0);
  const std::string_view last = block.KeyAt(block.rows - 1);
  const auto differs = std::mismatch(first.begin(), first.end(), last.begin(), last.end());
  block.common_prefix = static_cast<std::uint32_t>(differs.first - first.begin());
  for (std::uint32_t row = 0; row < block.rows; row += kSampleRows) {
    samples[row / kSampleRows] = KeyPrefix(block.KeyAt(row).substr(block.common_prefix));
  }
  samples[SampleCount(block.rows)] = KeyPrefix(first);
  block.samples = samples;
}

}  // namespace quiver
