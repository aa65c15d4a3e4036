// CopyProgress: counts the bytes of a long call for its caller, and ends the call once the caller's
// callback throws.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>

#include "base/callback_guard.h"
#include "io/directory.h"
#include "quiver/progress.h"

namespace quiver {

class CopyProgress {
 public:
  /// `callback` must live as long; an empty one is not called.
  CopyProgress(const ProgressCallback& callback, std::uint64_t total_bytes)
      : callback_(callback), total_bytes_(total_bytes) {}
  CopyProgress(const CopyProgress&) = delete;
  CopyProgress& operator=(const CopyProgress&) = delete;

  /// kInvalidArgument with what() once the callback has thrown.
  Result<void> Advance(std::uint64_t step_bytes) {
    done_bytes_ += step_bytes;
    if (!callback_) return {};
    (void)guard_.Call([&] {
      callback_(done_bytes_, total_bytes_);
      return true;
    });
    return guard_.status();
  }
  io::StepCallback Step() {
    return [this](std::uint64_t step_bytes) { return Advance(step_bytes); };
  }

 private:
  const ProgressCallback& callback_;
  const std::uint64_t total_bytes_;
  std::uint64_t done_bytes_ = 0;
  CallbackGuard guard_;
};

}  // namespace quiver
