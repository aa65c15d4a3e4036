// CustomOperator: the merge operator of the tests' databases with merge_operator = custom. It joins
// value and operands by commas, so that an operand that is lost, doubled or out of place shows; of
// some keys it cannot make one operand of several, which an operator need not.
//
// Thread safety: any thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "quiver/merge_operator.h"

namespace quiver::testing {

class JoiningOperator final : public MergeOperator {
 public:
  bool Merge(std::string_view, std::optional<std::string_view> base,
             std::span<const std::string_view> operands,
             std::string& result) const noexcept override {
    result.assign(base.value_or(std::string_view()));
    bool first = !base.has_value();
    for (const std::string_view operand : operands) {
      if (!std::exchange(first, false)) result += ',';
      result += operand;
    }
    return true;
  }
  bool Combine(std::string_view key, std::span<const std::string_view> operands,
               std::string& result) const noexcept override {
    const bool keeps_apart = !key.empty() && key.back() % 2 == 0;
    return !keeps_apart && Merge(key, std::nullopt, operands, result);
  }
};

inline std::shared_ptr<const MergeOperator> CustomOperator() {
  return std::make_shared<JoiningOperator>();
}

}  // namespace quiver::testing
