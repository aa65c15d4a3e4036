// See nearest_name.h.
#include "config/nearest_name.h"

#include <algorithm>
#include <string>
#include <vector>

namespace quiver {

namespace {

constexpr std::size_t kComparedBytesMax = 64;
// One letter in three may be wrong; beyond that a guess misleads more often than it helps.
constexpr std::size_t kWrongShare = 3;

std::string Normalised(std::string_view name) {
  std::string normal(name.substr(0, kComparedBytesMax));
  for (char& c : normal) {
    if (c == '-') c = '_';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return normal;
}

}  // namespace

std::size_t EditDistance(std::string_view a, std::string_view b) {
  // Three rows of the table: a swap looks two rows back.
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) current[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(current);
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before_last[j - 2] + 1);
      }
    }
  }
  return current[b.size()];
}

std::optional<std::string_view> NearestName(std::string_view name,
                                            std::span<const std::string_view> names) {
  const std::string wanted = Normalised(name);
  std::optional<std::string_view> nearest;
  std::size_t nearest_distance = 0;
  for (const std::string_view candidate : names) {
    const std::string known = Normalised(candidate);
    const std::size_t longer = std::max(wanted.size(), known.size());
    const std::size_t shorter = std::min(wanted.size(), known.size());
    // What one has more is inserted at the least: most names are out before the table is made.
    if ((longer - shorter) * kWrongShare > longer) continue;
    const std::size_t distance = EditDistance(wanted, known);
    if (distance * kWrongShare > longer) continue;
    if (nearest && distance >= nearest_distance) continue;
    nearest = candidate;
    nearest_distance = distance;
  }
  return nearest;
}

}  // namespace quiver
