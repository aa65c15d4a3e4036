#include "harness/step_list.h"

#include <algorithm>
#include <cstdlib>

namespace quiver::torture {

std::optional<StepList> StepList::Parse(const std::string& text) {
  StepList list;
  list.ranges_.emplace();
  list.suffix_ = "/" + text;
  if (text == "none") return list;
  const char* at = text.c_str();
  while (true) {
    char* end = nullptr;
    const std::uint64_t first = std::strtoull(at, &end, 10);
    if (end == at) return std::nullopt;
    std::uint64_t last = first;
    if (*end == '-') {
      at = end + 1;
      last = std::strtoull(at, &end, 10);
      if (end == at) return std::nullopt;
    }
    list.ranges_->emplace_back(first, last);
    if (*end == '\0') return list;
    if (*end != ',') return std::nullopt;
    at = end + 1;
  }
}

std::optional<StepList> StepList::TakeFrom(std::string& plan) {
  const std::size_t slash = plan.find('/');
  if (slash == std::string::npos) return StepList();
  const std::string text = plan.substr(slash + 1);
  plan.resize(slash);
  return Parse(text);
}

bool StepList::Keeps(std::uint64_t step) const noexcept {
  return !ranges_ || std::any_of(ranges_->begin(), ranges_->end(), [step](const auto& range) {
    return range.first <= step && step <= range.second;
  });
}

}  // namespace quiver::torture
