// Whether bytes are text.
//
// Thread safety: pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace quiver {

/// The bytes of the well-formed sequence at the front of `text`, which is not empty: 1 to 4, or 0
/// if there is none.
std::size_t Utf8SequenceBytes(std::string_view text) noexcept;

/// The offset of the first byte of `text` that is not part of well-formed UTF-8 (RFC 3629: no
/// overlong forms, no surrogates, nothing above U+10FFFF), or nothing if all of it is.
std::optional<std::size_t> FindInvalidUtf8(std::string_view text) noexcept;

}  // namespace quiver
