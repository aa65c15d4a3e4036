#include "exit_code.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <string>

namespace quiver::cli {

namespace {

// The library has one code for all that the operating system refuses, and one for all wrong
// arguments; which refusal it was stands in the message.
bool MayNotBeOpened(const Error& error) {
  const std::string& message = error.message();
  if (error.code() == ErrorCode::kInvalidArgument) {
    return message.ends_with("the path does not name a directory");
  }
  constexpr int kRefusals[] = {EACCES, EPERM, ENOTDIR};
  return error.code() == ErrorCode::kIo &&
         std::any_of(std::begin(kRefusals), std::end(kRefusals), [&](int number) {
           return message.find("(errno " + std::to_string(number) + ")") != std::string::npos;
         });
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
