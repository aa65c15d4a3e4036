// PatientLook: looks at something for some ten microseconds before a thread sleeps for it.
//
// A thread that sleeps costs its waker a call of the kernel, and it runs again some ten
// microseconds later, so a wait that is mostly shorter is better spent looking, for about as long.
// Where looking was in vain the next waits do without, twice as many after each failure in
// succession, so that who mostly waits long loses little. Two threads may count a failure twice:
// this is a rule of thumb. After the adaptive waits of RocksDB's write threads.
//
// Thread safety: any thread at any time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/schedule_point.h"

namespace quiver {

class PatientLook {
 public:
  /// True once `has_come` answers true; false if that took too long, or no look was worth it.
  template <typename Condition>
  bool Until(const Condition& has_come) {
    const std::uint32_t skip = skip_.load(std::memory_order_relaxed);
    if (skip > 0) {
      skip_.store(skip - 1, std::memory_order_relaxed);
      return false;
    }
    for (int look = 0; look < kLooks; ++look) {
      SchedulePoint();
      if (has_come()) {
        failures_.store(0, std::memory_order_relaxed);
        return true;
      }
      Pause();
    }
    const std::uint32_t failures = failures_.load(std::memory_order_relaxed);
    skip_.store(std::uint32_t{1} << failures, std::memory_order_relaxed);
    failures_.store(std::min(failures + 1, kFailuresMax), std::memory_order_relaxed);
    return false;
  }

 private:
  static constexpr int kLooks = 1024;
  static constexpr std::uint32_t kFailuresMax = 8;  // 256 waits without a look between two

  // Some tens of nanoseconds in which the core's other thread and the memory have rest.
  static void Pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb" ::: "memory");
#endif
  }

  std::atomic<std::uint32_t> skip_{0};
  std::atomic<std::uint32_t> failures_{0};
};

}  // namespace quiver
