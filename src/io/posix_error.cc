#include "io/posix_error.h"

#include <cerrno>
#include <system_error>

namespace quiver::io {

namespace {

ErrorCode CodeOf(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return ErrorCode::kNoSpace;
    case ENOENT: return ErrorCode::kNotFound;
    default: return ErrorCode::kIo;
  }
}

std::string_view AdviceFor(int error_number) {
  switch (error_number) {
    case ENOSPC: return "; free space on this disk";
    case EDQUOT: return "; raise the disk quota of this user or remove files of his";
    case EFBIG: return "; raise the limit on file sizes (ulimit -f)";
    case EMFILE: return "; raise the limit on open files of the process (ulimit -n)";
    case ENFILE: return "; raise the limit on open files of the system (fs.file-max)";
    case EACCES:
    case EPERM: return "; check the owner and the mode of the file and its directory";
    case EROFS: return "; mount the file system for writing";
    case EIO: return "; check the disk and the kernel log";
    default: return "";
  }
}

}  // namespace

Error PosixError(int error_number, std::string_view action, std::string_view file,
                 std::uint64_t offset) {
  std::string message(action);
  message += ": ";
  message += std::error_code(error_number, std::generic_category()).message();
  message += " (errno " + std::to_string(error_number) + ")";
  message += AdviceFor(error_number);
  return Error(CodeOf(error_number), std::move(message), std::string(file), offset, error_number);
}

bool IsRefusedToProcess(const Error& error) {
  switch (error.os_error()) {
    case EACCES:
    case EPERM:
    case EMFILE:
    case ENFILE:
    case ENOMEM: return true;
    default: return false;
  }
}

}  // namespace quiver::io
