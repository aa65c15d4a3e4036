// ManualClock: time that moves only when a test moves it. Sleeping moves it too, so that code which
// waits for the clock neither hangs nor takes real time.
//
// Thread safety: all methods from any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "io/clock.h"

namespace quiver::io {

class ManualClock final : public Clock {
 public:
  std::uint64_t WallMicros() const override { return wall_us_.load(); }
  std::uint64_t MonotonicNanos() const override { return monotonic_ns_.load(); }
  void SleepFor(std::uint64_t duration_ns) override { Advance(duration_ns); }

  /// Moves both clocks on; the wall clock by whole microseconds of the sum of all moves.
  void Advance(std::uint64_t duration_ns) {
    const std::uint64_t before_ns = monotonic_ns_.fetch_add(duration_ns);
    wall_us_.fetch_add((before_ns + duration_ns) / 1000 - before_ns / 1000);
  }
  /// Steps the wall clock, also backwards, as an administrator or NTP would.
  void SetWallMicros(std::uint64_t wall_us) { wall_us_.store(wall_us); }

 private:
  std::atomic<std::uint64_t> wall_us_{1'700'000'000'000'000};  // a day in November 2023
  std::atomic<std::uint64_t> monotonic_ns_{1'000'000'000};
};

}  // namespace quiver::io
