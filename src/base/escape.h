// EscapeBytes and UnescapeBytes are public and declared in quiver/admin.h; this header lets the
// floors below that one print keys and values without including the administration API.
//
// Printable ASCII stands for itself, a backslash is doubled, every other byte is \xNN with two
// lower-case hexadecimal digits. The output holds neither quotes to escape nor control bytes for a
// terminal to obey, and UnescapeBytes(EscapeBytes(x)) == x for all x.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "quiver/error.h"

namespace quiver {

std::string EscapeBytes(std::string_view bytes);
/// A name in a file of others, for a message: text without control characters stands for itself.
std::string EscapeName(std::string_view name);
Result<std::string> UnescapeBytes(std::string_view text);

}  // namespace quiver
