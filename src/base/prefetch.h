// PrefetchLine, PrefetchLines: start loading cache lines.
//
// Not the bare builtin: to GCC it is no effect, so a function that does nothing else counts as pure
// and the calls of it vanish (found in a profile, gcc 12.2: a multi-get waited for every row).
//
// Thread safety: touches nothing that the language knows of; any address is allowed.
#pragma once

#include <cstddef>

namespace quiver {

inline void PrefetchLine(const void* address) noexcept {
  __builtin_prefetch(address);
  asm volatile("");
}

/// The same for a line that will be written.
inline void PrefetchLineToWrite(const void* address) noexcept {
  __builtin_prefetch(address, 1);
  asm volatile("");
}

/// Those of the `bytes` from `begin` on.
inline void PrefetchLines(const void* begin, std::size_t bytes) noexcept {
  constexpr std::size_t kLineBytes = 64;
  for (std::size_t at = 0; at < bytes; at += kLineBytes) {
    PrefetchLine(static_cast<const char*>(begin) + at);
  }
}

}  // namespace quiver
