// CallbackGuard: calls what the user handed over, which may throw, so that no exception goes
// through code of ours, where nothing expects one. After the first throw nothing is called any
// more.
//
// Thread safety: one thread at a time.
#pragma once

#include <optional>

#include "quiver/error.h"

namespace quiver {

class CallbackGuard {
 public:
  /// What `callback` returns, or false if it threw, now or earlier.
  template <typename Callback>
  bool Call(const Callback& callback) {
    return CallErased([](const void* erased) { return (*static_cast<const Callback*>(erased))(); },
                      &callback);
  }

  /// kInvalidArgument with what() once a callback has thrown.
  Result<void> status() const {
    if (fault_) return *fault_;
    return {};
  }

 private:
  bool CallErased(bool (*call)(const void*), const void* callback);

  std::optional<Error> fault_;
};

}  // namespace quiver
