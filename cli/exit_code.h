// Exit codes of the command, and how an Error becomes one. Scripts rely on them: the man page and
// 'quiver --help' tell them, and none gets another meaning.
#pragma once

#include "quiver/error.h"

namespace quiver::cli {

inline constexpr int kDone = 0;
/// Also: an answer at the terminal that was not yes.
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
/// What the command line names is not there, is no database, or may not be opened; no such key.
inline constexpr int kNotFound = 3;
/// Another process has it.
inline constexpr int kBusy = 4;

/// Why the command ends, as a script sees it.
int ExitCodeOf(const Error& error);

/// Prints the error on standard error, one line, and returns its exit code.
int Fail(const Error& error);

}  // namespace quiver::cli
