#include "io/file_name.h"

#include <string>

namespace quiver::io {

Result<void> CheckFileName(std::string_view name) {
  if (name.empty()) {
    return Error(ErrorCode::kInvalidArgument, "the file name is empty; give a plain file name");
  }
  if (name.size() > kFileNameBytesMax) {
    return Error(ErrorCode::kInvalidArgument, "the file name has " + std::to_string(name.size()) +
                                                  " bytes, the limit is " +
                                                  std::to_string(kFileNameBytesMax));
  }
  if (name == "." || name == "..") {
    return Error(ErrorCode::kInvalidArgument,
                 "'" + std::string(name) + "' names a directory; give a plain file name");
  }
  if (name.find('\0') != std::string_view::npos) {
    return Error(ErrorCode::kInvalidArgument,
                 "the file name has a NUL byte at position " + std::to_string(name.find('\0')));
  }
  if (name.find('/') != std::string_view::npos) {
    return Error(ErrorCode::kInvalidArgument,
                 "'" + std::string(name) + "' leads out of the directory; a name has no '/'");
  }
  return {};
}

Result<void> CheckDirectoryPath(const std::filesystem::path& path) {
  if (path.empty()) {
    return Error(ErrorCode::kInvalidArgument, "the path of the directory is empty; give a path");
  }
  const std::string& text = path.native();
  if (const std::size_t at = text.find('\0'); at != std::string::npos) {
    return Error(ErrorCode::kInvalidArgument,
                 "the path of the directory has a NUL byte at position " + std::to_string(at));
  }
  return {};
}

}  // namespace quiver::io
