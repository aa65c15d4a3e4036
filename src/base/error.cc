#include "quiver/error.h"

namespace quiver {

std::string_view ErrorCodeName(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "invalid_argument";
    case ErrorCode::kNotFound: return "not_found";
    case ErrorCode::kIo: return "io";
    case ErrorCode::kNoSpace: return "no_space";
    case ErrorCode::kCorruption: return "corruption";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kBusy: return "busy";
    case ErrorCode::kReadOnly: return "read_only";
    case ErrorCode::kClosed: return "closed";
    case ErrorCode::kInternal: return "internal";
    case ErrorCode::kConflict: return "conflict";
  }
  return "unknown";
}

std::string Error::ToString() const {
  std::string text(ErrorCodeName(rep_->code));
  text += ": ";
  if (!rep_->file.empty()) {
    text += rep_->file;
    if (rep_->offset != kNoOffset) text += ", offset " + std::to_string(rep_->offset);
    text += ": ";
  }
  text += rep_->message;
  return text;
}

Error Error::WithContext(std::string_view context) const {
  std::string message(context);
  message += ": ";
  message += rep_->message;
  return Error(rep_->code, std::move(message), rep_->file, rep_->offset, rep_->os_error);
}

}  // namespace quiver
