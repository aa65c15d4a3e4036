#include <chrono>
#include <thread>

#include "io/clock.h"

namespace quiver::io {

namespace {

class OperatingSystemClock final : public Clock {
 public:
  std::uint64_t WallMicros() const override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  }
  std::uint64_t MonotonicNanos() const override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  }
  void SleepFor(std::uint64_t duration_ns) override {
    std::this_thread::sleep_for(std::chrono::nanoseconds(duration_ns));
  }
};

}  // namespace

Clock& SystemClock() {
  static OperatingSystemClock clock;
  return clock;
}

}  // namespace quiver::io
