#include "db/merge_lookup.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/escape.h"
#include "base/try.h"

namespace quiver {

Result<void> ApplyOperands(const MergeOperator* merge_operator, std::string_view key,
                           std::optional<std::string_view> base,
                           std::span<const std::string_view> operands, std::string& value) {
  if (merge_operator == nullptr) {
    return Error(
        ErrorCode::kUnsupported,
        "key " + EscapeBytes(key) + " has merge operands, but its keyspace has no merge operator");
  }
  if (merge_operator->Merge(key, base, operands, value)) return {};
  return Error(ErrorCode::kInvalidArgument,
               "the merge operator refuses what is stored under key " + EscapeBytes(key) + ": " +
                   (base ? "a value of " + std::to_string(base->size()) + " bytes" : "no value") +
                   " and " + std::to_string(operands.size()) +
                   " operands; put a value that fits it");
}

Result<bool> MergeInView(const ReadView& view, TableCache& tables, const LookupKey& key,
                         const PointLookupOptions& options, SequenceNumber range_delete,
                         TableAnswer& found) {
  std::vector<std::string> operands;  // the newest first
  std::optional<std::string> base;
  LookupKey older = key;
  // Each round finds the next older version. What a lookup answers dies with the next one.
  while (found.answer.sequence > range_delete) {
    const bool gone = options.IsExpired(found.answer.expiry_us);
    if (found.answer.operation == Operation::kMerge) {
      if (!gone) operands.emplace_back(found.answer.value);
    } else {
      if (found.answer.operation == Operation::kPut && !gone) base.emplace(found.answer.value);
      break;
    }
    if (found.answer.sequence == 0) break;
    older.sequence = found.answer.sequence - 1;
    QUIVER_ASSIGN_OR_RETURN(const bool any, NewestInView(view, tables, older, options, found));
    if (!any) break;
  }
  if (operands.empty() && !base) return false;
  auto value = std::make_shared<std::string>();
  if (operands.empty()) {
    *value = *std::move(base);
  } else {
    const std::vector<std::string_view> oldest_first(operands.rbegin(), operands.rend());
    QUIVER_TRY(ApplyOperands(options.merge_operator, key.key, base, oldest_first, *value));
  }
  found.answer.value = *value;
  found.answer.operation = Operation::kPut;
  found.answer.expiry_us = 0;
  found.pin = std::move(value);
  return true;
}

}  // namespace quiver
