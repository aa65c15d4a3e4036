#include "compaction/strategy_pick.h"

#include <algorithm>

namespace quiver {

std::vector<std::uint32_t> UrgentLevels(const std::vector<double>& scores) {
  std::vector<std::uint32_t> levels;
  for (std::uint32_t level = 0; level < scores.size(); ++level) {
    if (scores[level] >= 1.0) levels.push_back(level);
  }
  std::sort(levels.begin(), levels.end(), [&](std::uint32_t a, std::uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  return levels;
}

}  // namespace quiver
