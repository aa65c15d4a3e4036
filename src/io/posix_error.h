// PosixError: an errno as an Error that says what was tried, where, why it failed and what helps.
//
// Thread safety: pure function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quiver/error.h"

namespace quiver::io {

/// The Error for `error_number` while doing `action` ("cannot write 4096 bytes"). No room left on
/// the disk (ENOSPC), in the quota (EDQUOT) or under the limit on file sizes (EFBIG) is kNoSpace:
/// all three end by themselves once there is room. ENOENT is kNotFound, everything else kIo.
Error PosixError(int error_number, std::string_view action, std::string_view file,
                 std::uint64_t offset = Error::kNoOffset);

/// Whether `error` speaks of this process and not of the file: no right to open it, no free file
/// descriptor, no memory. Another process, or this one later, may read the same bytes well, so that
/// what looks for damage must not take it for damage.
bool IsRefusedToProcess(const Error& error);

}  // namespace quiver::io
