#include "exit_code.h"

#include <cerrno>
#include <cstdio>

namespace quiver::cli {

namespace {

// The library has one code for all that the operating system refuses, and one for all wrong
// arguments; which argument it was stands in the message.
bool MayNotBeOpened(const Error& error) {
  if (error.code() == ErrorCode::kInvalidArgument) {
    return error.message().ends_with("the path does not name a directory");
  }
  const int refusal = error.os_error();
  return refusal == EACCES || refusal == EPERM || refusal == ENOTDIR;
}

}  // namespace

int ExitCodeOf(const Error& error) {
  if (error.code() == ErrorCode::kBusy) return kBusy;
  if (error.code() == ErrorCode::kNotFound || MayNotBeOpened(error)) return kNotFound;
  return kFailed;
}

int Fail(const Error& error) {
  std::fprintf(stderr, "quiver: %s\n", error.ToString().c_str());
  return ExitCodeOf(error);
}

}  // namespace quiver::cli
