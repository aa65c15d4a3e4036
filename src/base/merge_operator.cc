// The merge operators that come with Quiver.
#include "quiver/merge_operator.h"

#include <utility>

#include "base/coding.h"
#include "quiver/types.h"

namespace quiver {

namespace {

class AddInt64 final : public MergeOperator {
 public:
  bool Merge(std::string_view, std::optional<std::string_view> base,
             std::span<const std::string_view> operands,
             std::string& result) const noexcept override {
    std::uint64_t sum = 0;  // unsigned, so that wrapping around is defined
    if (base && !Add(*base, sum)) return false;
    return Sum(operands, sum, result);
  }
  bool Combine(std::string_view, std::span<const std::string_view> operands,
               std::string& result) const noexcept override {
    return Sum(operands, 0, result);
  }
  bool IsOperand(std::string_view operand) const noexcept override {
    return operand.size() == sizeof(std::int64_t);
  }

 private:
  static bool Add(std::string_view bytes, std::uint64_t& sum) noexcept {
    const std::optional<std::int64_t> number = DecodeInt64(bytes);
    if (number) sum += static_cast<std::uint64_t>(*number);
    return number.has_value();
  }
  static bool Sum(std::span<const std::string_view> operands, std::uint64_t sum,
                  std::string& result) noexcept {
    for (const std::string_view operand : operands) {
      if (!Add(operand, sum)) return false;
    }
    result = EncodeInt64(static_cast<std::int64_t>(sum));
    return true;
  }
};

class Append final : public MergeOperator {
 public:
  bool Merge(std::string_view key, std::optional<std::string_view> base,
             std::span<const std::string_view> operands,
             std::string& result) const noexcept override {
    std::size_t bytes = base.value_or("").size();
    for (const std::string_view operand : operands) bytes += operand.size();
    if (bytes > kValueBytesMax) return false;
    std::string joined;
    joined.reserve(bytes);
    joined = base.value_or("");
    for (const std::string_view operand : operands) joined += operand;
    (void)key;
    result = std::move(joined);
    return true;
  }
  bool Combine(std::string_view key, std::span<const std::string_view> operands,
               std::string& result) const noexcept override {
    return Merge(key, std::nullopt, operands, result);
  }
};

}  // namespace

const MergeOperator& AddInt64Operator() noexcept {
  static const AddInt64 instance;
  return instance;
}

const MergeOperator& AppendOperator() noexcept {
  static const Append instance;
  return instance;
}

std::string EncodeInt64(std::int64_t value) {
  std::string bytes;
  AppendFixed(bytes, static_cast<std::uint64_t>(value));
  return bytes;
}

std::optional<std::int64_t> DecodeInt64(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  if (bytes.size() != sizeof value || !ConsumeFixed(bytes, value)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace quiver
