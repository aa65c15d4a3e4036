#include "driver/zipfian.h"

#include <algorithm>
#include <cmath>

#include "keys.h"

namespace quiver::bench {

namespace {

constexpr std::uint64_t kExactTerms = 100'000;

// The sum of 1 / i^exponent for i up to n: the first terms one by one, the rest by the formula of
// Euler and Maclaurin, whose error is then below 1e-10.
double Zeta(std::uint64_t n, double exponent) {
  double sum = 0;
  const std::uint64_t exact = std::min(n, kExactTerms);
  for (std::uint64_t i = 1; i <= exact; ++i) sum += std::pow(static_cast<double>(i), -exponent);
  if (n == exact) return sum;
  const double from = static_cast<double>(exact);
  const double to = static_cast<double>(n);
  const double integral =
      (std::pow(to, 1 - exponent) - std::pow(from, 1 - exponent)) / (1 - exponent);
  return sum + integral + (std::pow(to, -exponent) - std::pow(from, -exponent)) / 2;
}

}  // namespace

Zipfian::Zipfian(std::uint64_t count, double exponent)
    : count_(count),
      exponent_(exponent),
      zeta_(Zeta(count, exponent)),
      alpha_(1 / (1 - exponent)),
      eta_((1 - std::pow(2.0 / static_cast<double>(count), 1 - exponent)) /
           (1 - (1 + std::pow(0.5, exponent)) / zeta_)),
      second_(1 + std::pow(0.5, exponent)) {}

std::uint64_t Zipfian::Rank(double uniform) const noexcept {
  const double scaled = uniform * zeta_;
  if (scaled < 1 || count_ == 1) return 0;
  if (scaled < second_ || count_ == 2) return 1;
  const double rank = static_cast<double>(count_) * std::pow(eta_ * uniform - eta_ + 1, alpha_);
  return std::min(count_ - 1, static_cast<std::uint64_t>(rank));
}

double Zipfian::Probability(std::uint64_t rank) const noexcept {
  return std::pow(static_cast<double>(rank + 1), -exponent_) / zeta_;
}

std::vector<std::uint32_t> ZipfianRanks(std::uint64_t count, std::uint64_t draws,
                                        std::uint64_t stream) {
  const Zipfian zipfian(count);
  std::vector<std::uint32_t> ranks(draws);
  for (std::uint64_t i = 0; i < draws; ++i) {
    const double uniform = static_cast<double>(Scatter(Scatter(stream) ^ i) >> 11) * 0x1p-53;
    ranks[i] = static_cast<std::uint32_t>(zipfian.Rank(uniform));
  }
  return ranks;
}

std::uint64_t Scrambled(std::uint64_t rank, std::uint64_t count) noexcept {
  return static_cast<std::uint64_t>(
      (static_cast<unsigned __int128>(Scatter(rank + 0x2545F491ULL)) * count) >> 64);
}

}  // namespace quiver::bench
