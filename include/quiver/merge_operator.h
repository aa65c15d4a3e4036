// MergeOperator: what Database::Merge does to a value, without reading it first.
//
// A keyspace with the setting merge_operator takes operands; a read applies those since the last
// put or delete to it, and compactions do so for good. Two operators come with Quiver; with
// merge_operator = custom the program passes one of its own to Open.
//
// Thread safety: the methods are called from several threads at once, also in the background. They
// must not call the database.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace quiver {

class MergeOperator {
 public:
  virtual ~MergeOperator() = default;

  /// Applies `operands`, the oldest first, to `base` (absent: the key has no value) and puts the
  /// outcome into `result`. False if they do not fit: the read then fails with kInvalidArgument,
  /// and compactions keep everything as it is. Must give the same answer whenever it is asked, and
  /// the same however the operands are grouped by Combine().
  virtual bool Merge(std::string_view key, std::optional<std::string_view> base,
                     std::span<const std::string_view> operands,
                     std::string& result) const noexcept = 0;

  /// Makes one operand of several, the oldest first. False: it cannot; they are then kept apart.
  virtual bool Combine(std::string_view key, std::span<const std::string_view> operands,
                       std::string& result) const noexcept {
    (void)key, (void)operands, (void)result;
    return false;
  }

  /// Whether `operand` may be written at all: asked by Merge() of a database or batch.
  virtual bool IsOperand(std::string_view operand) const noexcept {
    (void)operand;
    return true;
  }
};

/// merge_operator = add_int64: values and operands are 64-bit integers, eight bytes, little-endian;
/// an absent key counts as 0, and sums wrap around.
const MergeOperator& AddInt64Operator() noexcept;
/// merge_operator = append: the value grows by the operand.
const MergeOperator& AppendOperator() noexcept;

/// The eight bytes of a counter, for add_int64.
std::string EncodeInt64(std::int64_t value);
/// What EncodeInt64 encoded, or nullopt unless `bytes` are eight.
std::optional<std::int64_t> DecodeInt64(std::string_view bytes) noexcept;

}  // namespace quiver
