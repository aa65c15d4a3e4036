#include "sstable/data_block.h"

#include <algorithm>

#include "base/entry.h"
#include "base/hash.h"

namespace quiver {

namespace {

struct RowRange {
  std::uint32_t begin;
  std::uint32_t end;
};

// The rows among which the lower bound of `key` lies, by the samples: it is in [begin, end].
RowRange NarrowBySamples(const DataBlock& block, std::string_view key) noexcept {
  const std::string_view shared(block.KeyAt(0).data(), block.common_prefix);
  const int order = key.substr(0, shared.size()).compare(shared);
  if (order > 0) return {block.rows, block.rows};
  if (order < 0) return {0, 0};
  const std::uint64_t word = KeyPrefix(key.substr(shared.size()));
  const std::uint32_t count = SampleCount(block.rows);
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

std::uint32_t DataBlock::LowerBound(std::string_view key, SequenceNumber sequence) const noexcept {
  RowRange range{0, rows};
  if (samples != nullptr) range = NarrowBySamples(*this, key);
  while (range.begin < range.end) {
    const std::uint32_t middle = range.begin + (range.end - range.begin) / 2;
    const int order = KeyAt(middle).compare(key);
    if (order < 0 || (order == 0 && SequenceAt(middle) > sequence)) {
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
  block.samples = samples;
}

}  // namespace quiver
