// What keys have in common at their front, and eight-byte prefixes that begin behind it.
//
// The keys of one table often begin alike ("user000…"), so their first eight bytes tell little.
// An array of sorted records therefore keeps, beside each record, the eight bytes behind what all
// its keys have in common, as B-trees do (Graefe and Larson, "B-tree indexes and CPU caches",
// ICDE 2001).
//
// Thread safety: values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/coding.h"

namespace quiver {

/// How many bytes `a` and `b` have in common at their front.
inline std::size_t CommonPrefixBytes(std::string_view a, std::string_view b) noexcept {
  const std::size_t length = std::min(a.size(), b.size());
  const auto [first, second] = std::mismatch(a.begin(), a.begin() + length, b.begin());
  return static_cast<std::size_t>(first - a.begin());
}

/// Turns prefixes that begin behind `common` into prefixes that begin behind its first
/// `to_bytes` bytes only, without looking at the keys.
class PrefixShift {
 public:
  PrefixShift(std::string_view common, std::size_t to_bytes) noexcept
      : lead_(KeyPrefix(common.substr(to_bytes))), bits_((common.size() - to_bytes) * 8) {}

  std::uint64_t operator()(std::uint64_t prefix) const noexcept {
    return bits_ >= 64 ? lead_ : lead_ | prefix >> bits_;
  }

 private:
  std::uint64_t lead_;
  std::size_t bits_;
};

}  // namespace quiver
