// StickyError: remembers the first failure of an object for good. After a failed fsync the kernel
// may have marked the lost pages clean, so that a second fsync succeeds without the data being on
// disk (Rebello et al., "Can applications recover from fsync failures?", ATC 2020). Whoever syncs
// therefore asks here first and never tries again.
//
// Thread safety: none; the owner guards it together with the call that it remembers, so that no
// second call slips in between a failure and its record.
#pragma once

#include <optional>
#include <utility>

#include "quiver/error.h"

namespace quiver::io {

class StickyError {
 public:
  /// The remembered failure, or success.
  Result<void> Check() const {
    if (error_) return *error_;
    return {};
  }
  /// Remembers a failure, unless there is an earlier one, and passes `result` through.
  Result<void> Keep(Result<void> result) {
    if (!result && !error_) error_ = result.error();
    return result;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace quiver::io
