// Random: a small seeded generator (xoshiro256**, Blackman and Vigna). All randomness of the
// engine and its tests comes from one of these, so that any run can be repeated from its seed.
//
// Thread safety: one thread at a time.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace quiver {

class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept {
    for (auto& word : state_) {  // SplitMix64 spreads the seed, as the authors advise
      seed += 0x9E3779B97F4A7C15ULL;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
      word = z ^ (z >> 31);
    }
  }

  std::uint64_t Next() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  /// In [0, bound); bound > 0. The bias is below 2^-32 for bounds that fit 32 bits.
  std::uint64_t Below(std::uint64_t bound) noexcept {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(Next()) * bound) >> 64);
  }
  /// True once in `n` calls on average.
  bool OneIn(std::uint64_t n) noexcept { return Below(n) == 0; }
  /// In [0, 1).
  double Uniform() noexcept { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace quiver
