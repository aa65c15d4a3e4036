// PrefetchLine, PrefetchLines: start loading cache lines.
//
// Not the bare builtin: to GCC it is no effect, so a function that does nothing else counts as pure
// and the calls of it vanish (found in a profile, gcc 12.2: a multi-get waited for every row).
//
// Thread safety: touches nothing that the language knows of; any address is allowed.
#pragma once

#include <cstddef>
#include <cstdint>

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

/// The same so many bytes behind `place`, or in front of it. Whether anything is there does not
/// matter, so this is no arithmetic with pointers.
inline void PrefetchLinesAt(const void* place, std::ptrdiff_t distance_bytes,
                            std::size_t bytes) noexcept {
  const std::uintptr_t begin =
      reinterpret_cast<std::uintptr_t>(place) + static_cast<std::uintptr_t>(distance_bytes);
  PrefetchLines(reinterpret_cast<const void*>(begin), bytes);
}

}  // namespace quiver
