// QUIVER_CHECK and QUIVER_DCHECK: assertions for programmer errors, never for user input or disk
// content (those get an Error). CHECK is always on and guards data; DCHECK is on in builds without
// NDEBUG. A failed one prints the condition and the place and aborts.
#pragma once

namespace quiver {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace quiver

#define QUIVER_CHECK(condition)                              \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::quiver::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)

#ifdef NDEBUG
#define QUIVER_DCHECK(condition) \
  do {                           \
    (void)sizeof(condition);     \
  } while (false)
#else
#define QUIVER_DCHECK(condition) QUIVER_CHECK(condition)
#endif
