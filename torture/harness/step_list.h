// StepList: which of a workload's steps run. A plan that ends in "/3,7-9" keeps the steps 3, 7, 8
// and 9; without that it keeps all. scripts/torture_reduce.py shrinks such lists.
//
// Thread safety: a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quiver::torture {

class StepList {
 public:
  /// All steps.
  StepList() = default;
  /// "3,7-9", or "none".
  static std::optional<StepList> Parse(const std::string& text);
  /// Splits "HEAD/STEPS" into HEAD, which stays in `plan`, and the steps.
  static std::optional<StepList> TakeFrom(std::string& plan);

  bool Keeps(std::uint64_t step) const noexcept;
  /// What a plan has to end with: empty for all, otherwise "/3,7-9".
  const std::string& suffix() const noexcept { return suffix_; }

 private:
  std::optional<std::vector<std::pair<std::uint64_t, std::uint64_t>>> ranges_;
  std::string suffix_;
};

}  // namespace quiver::torture
