#include "sstable/table_error.h"

#include <array>
#include <cstdio>
#include <utility>

namespace quiver {

Error TableDamage(const std::string& file, std::uint64_t offset, std::string what) {
  what += "; restore the file from a copy or repair the database";
  return Error(ErrorCode::kCorruption, std::move(what), file, offset);
}

Error ChecksumDamage(const std::string& file, std::uint64_t offset, std::string_view part,
                     std::uint64_t found, std::uint64_t expected) {
  std::array<char, 64> numbers{};
  std::snprintf(numbers.data(), numbers.size(), " checksum is %016llx, expected %016llx",
                static_cast<unsigned long long>(found), static_cast<unsigned long long>(expected));
  return TableDamage(file, offset, std::string(part) + numbers.data());
}

}  // namespace quiver
