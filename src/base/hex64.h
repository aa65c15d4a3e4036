// A 64-bit number as exactly 16 lower-case hexadecimal digits: how checksums and ids stand in the
// text files of a database.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quiver {

/// "00000000000000ff" for 255.
std::string Hex64(std::uint64_t value);

/// Takes 16 lower-case hexadecimal digits off the front of `in`. False, with `in` unchanged, if
/// anything else stands there: one number has one spelling.
bool ConsumeHex64(std::string_view& in, std::uint64_t& value) noexcept;

}  // namespace quiver
