// Eventually: waits for what another thread must bring about.
//
// The patience is ample: a test that waits for what must happen never fails for a slow machine
// alone.
#pragma once

#include <chrono>
#include <thread>

namespace quiver::testing {

inline bool Eventually(const auto& condition) {
  constexpr auto kPatience = std::chrono::seconds(30);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

}  // namespace quiver::testing
