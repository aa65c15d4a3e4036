// Exit codes of the command, and how an Error becomes one.
#pragma once

#include <cstdio>

#include "quiver/error.h"

namespace quiver::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kNotFound = 3;

/// Prints the error on standard error, one line, and returns kFailed.
inline int Fail(const Error& error) {
  std::fprintf(stderr, "quiver: %s\n", error.ToString().c_str());
  return kFailed;
}

}  // namespace quiver::cli
