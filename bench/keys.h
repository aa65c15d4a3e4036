// Keys and values of the benchmarks: the same bytes for every engine and every memtable.
//
// A key has 16 bytes and a value 100, of which half is the other half again, so that a codec can
// halve it. Key i of an order is a pure function of i, so any run sees the same sequence.
//
// Thread safety: values and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace quiver::bench {

inline constexpr std::size_t kKeyBytes = 16;
inline constexpr std::size_t kValueBytes = 100;
inline constexpr std::size_t kEntryBytes = kKeyBytes + kValueBytes;

/// A bijection that scatters (the finaliser of SplitMix64, Steele, Lea and Flood): different
/// numbers give different results, so keys made of it are unique.
inline std::uint64_t Scatter(std::uint64_t number) noexcept {
  std::uint64_t z = number + 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// The i-th number of a random sequence below `bound`; `stream` tells sequences apart.
inline std::uint64_t RandomBelow(std::uint64_t stream, std::uint64_t i,
                                 std::uint64_t bound) noexcept {
  const std::uint64_t word = Scatter(Scatter(stream) ^ i);
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(word) * bound) >> 64);
}

enum class KeyOrder : std::uint8_t {
  kSequential,    ///< 0000000000000000, 0000000000000001, ... in hexadecimal
  kRandom,        ///< 16 hexadecimal digits in random order
  kSharedPrefix,  ///< account/ and 8 hexadecimal digits in random order
};

/// `count` keys, from number `first` of the order on, made before the clock runs.
class KeySet {
 public:
  KeySet(KeyOrder order, std::uint64_t first, std::uint64_t count);

  std::uint64_t count() const noexcept { return bytes_.size() / kKeyBytes; }
  std::string_view operator[](std::uint64_t i) const noexcept {
    return {bytes_.data() + i * kKeyBytes, kKeyBytes};
  }

 private:
  std::vector<char> bytes_;
};

/// The value that belongs to key number `index`.
class Value {
 public:
  void Fill(std::uint64_t index) noexcept;
  std::string_view view() const noexcept { return {bytes_.data(), bytes_.size()}; }

 private:
  std::array<char, kValueBytes> bytes_;
};

/// True if `value` begins like the value of key number `index` and has its length.
bool BelongsTo(std::string_view value, std::uint64_t index) noexcept;

}  // namespace quiver::bench
