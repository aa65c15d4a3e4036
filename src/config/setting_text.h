// How the values of settings look as text: sizes with binary units, plain integers, booleans.
//
// A size is digits and an optional unit, apart by nothing or one space: "64MiB", "64 MB", "64K",
// "67108864". Units are powers of 1024 whatever their spelling, as in PostgreSQL and Redis, and
// case does not matter. Signs, fractions, exponents and thousands separators are refused.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quiver/error.h"

namespace quiver {

/// kInvalidArgument saying what is wrong with `text` and how a number looks.
Result<std::uint64_t> ParseInteger(std::string_view text);
Result<std::uint64_t> ParseSize(std::string_view text);
Result<bool> ParseBool(std::string_view text);

/// `text` in single quotes for a message: unprintable bytes escaped, cut after 64 bytes.
std::string Quote(std::string_view text);

/// The largest unit that divides `bytes`: "64MiB", "1536KiB", "1000", "0". ParseSize inverts it.
std::string FormatSize(std::uint64_t bytes);

}  // namespace quiver
