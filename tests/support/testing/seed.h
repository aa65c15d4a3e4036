// The seed of a randomised test: printed, and taken back through the environment, so that any
// failure can be repeated:  QUIVER_TEST_SEED=123 ./memtable_test --gtest_filter=…
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace quiver::testing {

inline std::uint64_t TestSeed(std::uint64_t standard) {
  const char* text = std::getenv("QUIVER_TEST_SEED");
  const std::uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : standard;
  std::printf("seed %llu (QUIVER_TEST_SEED repeats it)\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace quiver::testing
