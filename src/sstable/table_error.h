// The two shapes of a damaged table's error: kCorruption with file, offset, and what to do.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quiver/error.h"

namespace quiver {

/// "`what`; restore the file from a copy or repair the database".
Error TableDamage(const std::string& file, std::uint64_t offset, std::string what);

/// "`part` checksum is `found`, expected `expected`; …".
Error ChecksumDamage(const std::string& file, std::uint64_t offset, std::string_view part,
                     std::uint64_t found, std::uint64_t expected);

}  // namespace quiver
