// Clock: the only source of time. Production reads the system's, tests turn a hand.
//
// Thread safety: all methods from any thread.
#pragma once

#include <cstdint>

namespace quiver::io {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Microseconds since 1970, as the wall clock tells; may step.
  virtual std::uint64_t WallMicros() const = 0;
  /// Nanoseconds since some start; never goes back.
  virtual std::uint64_t MonotonicNanos() const = 0;
  virtual void SleepFor(std::uint64_t duration_ns) = 0;
};

Clock& SystemClock();

}  // namespace quiver::io
