// CallbackGuard: calls what the user handed over, which may throw, so that no exception goes
// through code of ours, where nothing expects one. After the first throw nothing is called any
// more.
//
// Thread safety: one thread at a time.
#pragma once

#include <exception>
#include <optional>
#include <string>

#include "quiver/error.h"

namespace quiver {

class CallbackGuard {
 public:
  /// What `callback` returns, or false if it threw, now or earlier.
  template <typename Callback>
  bool Call(const Callback& callback) {
    if (fault_) return false;
    try {
      return callback();
    } catch (const std::exception& exception) {
      fault_ = Error(ErrorCode::kInvalidArgument,
                     std::string("the callback threw: ") + exception.what());
    } catch (...) {
      fault_ = Error(ErrorCode::kInvalidArgument,
                     "the callback threw something that is no std::exception");
    }
    return false;
  }

  /// kInvalidArgument with what() once a callback has thrown.
  Result<void> status() const {
    if (fault_) return *fault_;
    return {};
  }

 private:
  std::optional<Error> fault_;
};

}  // namespace quiver
