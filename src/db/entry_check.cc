#include "db/entry_check.h"

#include <string>

#include "base/try.h"

namespace quiver {

namespace {

Result<void> CheckWidth(std::uint32_t declared, std::size_t actual, const char* what) {
  if (declared == 0 || declared == actual) [[likely]]
    return {};
  return Error(ErrorCode::kInvalidArgument,
               std::string("the ") + what + " has " + std::to_string(actual) +
                   " bytes, but this database was created with " + what +
                   "_width_bytes = " + std::to_string(declared));
}

Result<void> CheckOperand(const KeyspaceState& keyspace, std::string_view operand) {
  if (keyspace.merge_operator == nullptr) {
    return Error(ErrorCode::kInvalidArgument,
                 "the keyspace " + keyspace.name +
                     " takes no merges: it was created with merge_operator = none");
  }
  if (keyspace.merge_operator->IsOperand(operand)) return {};
  return Error(ErrorCode::kInvalidArgument,
               "an operand of " + std::to_string(operand.size()) +
                   " bytes does not fit the merge operator " +
                   std::string(MergeOperatorName(keyspace.config.merge_operator)) +
                   " of keyspace " + keyspace.name);
}

}  // namespace

Result<void> CheckKey(std::string_view key) {
  if (key.size() <= kKeyBytesMax) [[likely]]
    return {};
  return Error(ErrorCode::kInvalidArgument, "the key has " + std::to_string(key.size()) +
                                                " bytes; at most " + std::to_string(kKeyBytesMax) +
                                                " are allowed");
}

Result<void> CheckValue(std::string_view value) {
  if (value.size() <= kValueBytesMax) [[likely]]
    return {};
  return Error(ErrorCode::kInvalidArgument, "the value has " + std::to_string(value.size()) +
                                                " bytes; at most " +
                                                std::to_string(kValueBytesMax) + " are allowed");
}

Result<void> CheckEntry(const KeyspaceState& keyspace, const BatchEntry& entry) {
  if (entry.operation == Operation::kRangeDelete) return {};
  QUIVER_TRY(CheckWidth(keyspace.config.key_width_bytes, entry.key.size(), "key"));
  if (entry.operation == Operation::kDelete) return {};
  if (entry.operation == Operation::kMerge) QUIVER_TRY(CheckOperand(keyspace, entry.value));
  return CheckWidth(keyspace.config.value_width_bytes, entry.value.size(), "value");
}

}  // namespace quiver
