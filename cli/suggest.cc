#include "suggest.h"

#include <algorithm>

namespace quiver::cli {

namespace {

constexpr std::size_t kComparedBytesMax = 64;

// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> rows(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        rows[i][j] = i + j;
        continue;
      }
      rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1,
                             rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.size()][b.size()];
}

}  // namespace

std::string DidYouMean(std::string_view name, const std::vector<std::string>& names) {
  name = name.substr(0, kComparedBytesMax);
  std::size_t nearest = std::max<std::size_t>(1, name.size() / 3);
  std::vector<std::string_view> found;
  for (const std::string& candidate : names) {
    const std::size_t distance = Distance(name, candidate);
    if (distance > nearest) continue;
    if (distance < nearest) found.clear();
    nearest = distance;
    found.push_back(candidate);
  }
  if (found.empty()) return "";
  std::string text = "; did you mean ";
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i > 0) text += i + 1 == found.size() ? " or " : ", ";
    text += "'" + std::string(found[i]) + "'";
  }
  return text + "?";
}

}  // namespace quiver::cli
