#include "base/callback_guard.h"

#include <exception>
#include <string>

namespace quiver {

bool CallbackGuard::CallErased(bool (*call)(const void*), const void* callback) {
  if (fault_) return false;
  try {
    return call(callback);
  } catch (const std::exception& exception) {
    fault_ =
        Error(ErrorCode::kInvalidArgument, std::string("the callback threw: ") + exception.what());
  } catch (...) {
    fault_ = Error(ErrorCode::kInvalidArgument,
                   "the callback threw something that is no std::exception");
  }
  return false;
}

}  // namespace quiver
