// The rules for names that every FileSystem checks before it does anything: a file is named by a
// plain name inside its directory, a directory by any path without a NUL.
//
// Thread safety: pure functions.
#pragma once

#include <filesystem>
#include <string_view>

#include "quiver/error.h"

namespace quiver::io {

/// The longest file name that Linux file systems hold, in bytes.
inline constexpr std::size_t kFileNameBytesMax = 255;

/// kInvalidArgument unless `name` is a plain file name: 1 to 255 bytes, without '/' and NUL, not
/// "." and not "..".
Result<void> CheckFileName(std::string_view name);

/// kInvalidArgument if `path` is empty or holds a NUL, at which the system would cut it.
Result<void> CheckDirectoryPath(const std::filesystem::path& path);

}  // namespace quiver::io
