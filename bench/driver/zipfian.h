// Zipfian: ranks drawn with Zipf's law (rank r has weight 1 / (r + 1)^exponent), as YCSB draws
// them.
//
// The method is that of Gray et al., "Quickly generating billion-record synthetic databases"
// (SIGMOD 1994): exact for the first two ranks, close for the others.
//
// Thread safety: const methods may be called by many threads.
#pragma once

#include <cstdint>
#include <vector>

namespace quiver::bench {

class Zipfian {
 public:
  /// `count` is at least 1; `exponent` lies between 0 and 1, both excluded.
  explicit Zipfian(std::uint64_t count, double exponent = kYcsbExponent);

  static constexpr double kYcsbExponent = 0.99;

  /// The rank for `uniform`, evenly drawn from [0, 1).
  std::uint64_t Rank(double uniform) const noexcept;
  /// The share of all draws that rank r gets by the law.
  double Probability(std::uint64_t rank) const noexcept;

 private:
  std::uint64_t count_;
  double exponent_;
  double zeta_;
  double alpha_;
  double eta_;
  double second_;  ///< 1 + the weight of rank 1
};

/// `draws` ranks below `count`, made before the clock runs: a draw takes a power and would cost
/// as much as a read. Ranks are as they come, hottest first; `stream` tells sequences apart.
std::vector<std::uint32_t> ZipfianRanks(std::uint64_t count, std::uint64_t draws,
                                        std::uint64_t stream);

/// Spreads ranks over the numbers below `count`, as YCSB's scrambled distribution does: hot
/// entries then lie anywhere in the order of insertion.
std::uint64_t Scrambled(std::uint64_t rank, std::uint64_t count) noexcept;

}  // namespace quiver::bench
