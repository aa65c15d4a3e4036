// DatabaseId: the 128-bit name of a database. It stands in every file, so that a file of another
// database is noticed, and seeds every checksum.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace quiver {

struct DatabaseId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  bool operator==(const DatabaseId&) const = default;
  /// 32 hexadecimal digits.
  std::string ToString() const;
  /// One word for PlaceSeed, different for each file of the database.
  std::uint64_t FileIdentity(std::uint64_t file_number) const noexcept {
    return (high ^ (low * 0x9E3779B97F4A7C15ULL)) + file_number * 0xD6E8FEB86659FD93ULL;
  }
};

}  // namespace quiver
