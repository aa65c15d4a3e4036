#include "sstable/filter.h"

#include "base/coding.h"
#include "sstable/table_layout.h"

namespace quiver {

namespace {

std::uint64_t LineCount(std::uint64_t keys, std::uint32_t bits_per_key) noexcept {
  const std::uint64_t lines = (keys * bits_per_key + 511) / 512;
  return lines == 0 ? 1 : lines;
}

}  // namespace

bool BloomFilter::FromSection(std::string_view section, BloomFilter& filter) noexcept {
  if (section.size() < sizeof(FilterHeader)) return false;
  const auto header = LoadFixed<FilterHeader>(section.data());
  const FilterHeader known;
  if (header.kind != known.kind || header.probes != known.probes) return false;
  const std::uint64_t bytes = section.size() - sizeof(FilterHeader);
  // Line numbers are made from 32 bits of the hash.
  if (header.line_count == 0 || header.line_count > (std::uint64_t{1} << 32)) return false;
  if (bytes != header.line_count * kFilterLineBytes) return false;
  const auto* lines = reinterpret_cast<const std::byte*>(section.data()) + sizeof(FilterHeader);
  filter = BloomFilter(lines, header.line_count);
  return true;
}

std::uint64_t FilterBuilder::EstimatedBytes(std::uint32_t bits_per_key) const noexcept {
  return sizeof(FilterHeader) + LineCount(hashes_.size(), bits_per_key) * kFilterLineBytes;
}

std::string FilterBuilder::Finish(std::uint32_t bits_per_key) const {
  FilterHeader header;
  header.line_count = LineCount(hashes_.size(), bits_per_key);
  header.key_count = hashes_.size();
  std::string section(sizeof(header) + header.line_count * kFilterLineBytes, '\0');
  StoreFixed(section.data(), header);
  char* const lines = section.data() + sizeof(header);
  for (const std::uint64_t hash : hashes_) {
    char* line = lines + (((hash >> 32) * header.line_count) >> 32) * kFilterLineBytes;
    const auto low = static_cast<std::uint32_t>(hash);
    for (std::size_t word = 0; word < kFilterWords; ++word) {
      const std::uint64_t bit = std::uint64_t{1} << ((low * kFilterSalts[word]) >> 26);
      StoreFixed(line + word * 8, LoadFixed<std::uint64_t>(line + word * 8) | bit);
    }
  }
  return section;
}

}  // namespace quiver
