// Split-block Bloom filter: proves that most absent keys are absent, with one cache line a key.
//
//   line = 512 bits = 8 words of 64 bits; a key sets one bit in each word of one line:
//   line  = high 32 bits of the hash, scaled to the number of lines
//   bit i = top 6 bits of (low 32 bits of the hash * salt i)
//
// At 10 bits a key about 1 % of absent keys pass, at 16 bits about 0.1 %.
//
// Source: Putze, Sanders, Singler, "Cache-, hash- and space-efficient Bloom filters" (2007), in
// the split form of Apache Parquet, with lines of 512 bits.
//
// Thread safety: a builder one thread at a time; BloomFilter is a view that any thread may ask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/prefetch.h"

namespace quiver {

inline constexpr std::size_t kFilterLineBytes = 64;
inline constexpr std::size_t kFilterWords = 8;
/// Odd multipliers that spread 32 bits differently for each word (those of Parquet).
inline constexpr std::uint32_t kFilterSalts[kFilterWords] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU,
                                                             0xa2b7289dU, 0x705495c7U, 0x2df1424bU,
                                                             0x9efc4947U, 0x5c6bfb31U};

class BloomFilter {
 public:
  /// A filter that passes every key.
  BloomFilter() = default;
  /// `lines` has `line_count` lines and should be aligned to 64.
  BloomFilter(const std::byte* lines, std::uint64_t line_count) noexcept
      : lines_(lines), line_count_(line_count) {}
  /// Views a filter section; false (and nothing changed) if it is not one that this build knows.
  static bool FromSection(std::string_view section, BloomFilter& filter) noexcept;

  bool present() const noexcept { return lines_ != nullptr; }
  std::uint64_t line_count() const noexcept { return line_count_; }

  /// False only if no key with this hash was added. One cache miss.
  bool MayContain(std::uint64_t hash) const noexcept {
    const auto* line = LineOf(hash);
    const auto low = static_cast<std::uint32_t>(hash);
    std::uint64_t all = 1;
    for (std::size_t word = 0; word < kFilterWords; ++word) {
      std::uint64_t bits;
      __builtin_memcpy(&bits, line + word * 8, 8);
      all &= bits >> ((low * kFilterSalts[word]) >> 26);
    }
    return all != 0;
  }
  void Prefetch(std::uint64_t hash) const noexcept {
    if (lines_ != nullptr) PrefetchLine(LineOf(hash));
  }

 private:
  const std::byte* LineOf(std::uint64_t hash) const noexcept {
    return lines_ + (((hash >> 32) * line_count_) >> 32) * kFilterLineBytes;
  }

  const std::byte* lines_ = nullptr;
  std::uint64_t line_count_ = 0;
};

class FilterBuilder {
 public:
  /// Adds a key by its HashKey. Adding one twice is harmless.
  void Add(std::uint64_t hash) { hashes_.push_back(hash); }
  std::uint64_t key_count() const noexcept { return hashes_.size(); }
  /// Bytes that Finish would return.
  std::uint64_t EstimatedBytes(std::uint32_t bits_per_key) const noexcept;
  /// The whole section: header and lines.
  std::string Finish(std::uint32_t bits_per_key) const;

 private:
  std::vector<std::uint64_t> hashes_;
};

}  // namespace quiver
