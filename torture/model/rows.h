// Rows: the keys of one round in order, and the values that its stamps stand for. The test speaks
// of ranks (places of keys in their order) and stamps (numbers of values); only here they are
// bytes.
//
// Invariants:
//  1. Keys are distinct and sorted bytewise; with fixed widths all keys, and all values, are
//  equally
//     long.
//  2. The value of a stamp never changes, and two stamps share one only where it is shorter than a
//     stamp.
//
// Thread safety: immutable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace quiver::torture {

/// The number of a value; kAbsent stands for none.
using Stamp = std::uint32_t;
inline constexpr Stamp kAbsent = 0;

class Rows {
 public:
  static constexpr std::uint32_t kKeyWidthBytes = 8;
  static constexpr std::uint32_t kValueWidthBytes = 24;
  struct Shape {
    bool fixed_keys;
    bool fixed_values;
    std::uint32_t key_count;
  };
  Rows(const Shape& shape, Random& random);

  std::uint32_t key_count() const noexcept { return static_cast<std::uint32_t>(keys_.size()); }
  const std::string& key(std::uint32_t rank) const { return keys_[rank]; }
  /// The rank of the first key at or after `target`, or after it.
  std::uint32_t LowerBound(std::string_view target) const;
  std::uint32_t UpperBound(std::string_view target) const;
  /// The end of the keys from LowerBound(prefix) on that start with `prefix`.
  std::uint32_t PrefixEnd(std::string_view prefix) const;

  void AppendValue(Stamp stamp, std::string& out) const;
  bool IsValue(Stamp stamp, std::string_view bytes) const;

 private:
  std::size_t ValueBytes(Stamp stamp, std::size_t& noise_offset) const;

  const bool fixed_values_;
  std::vector<std::string> keys_;
  std::string noise_;  // what values are cut from
};

}  // namespace quiver::torture
