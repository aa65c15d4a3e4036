// The value of a key whose newest version is a merge operand.
//
// Thread safety: a free function over an immutable view; the caller holds an EpochGuard.
#pragma once

#include "db/point_lookup.h"

namespace quiver {

/// `found` holds the newest visible version, an operand. Gathers what it is to be applied to and
/// leaves the outcome in `found`, pinned. False if every part of it is gone. kInvalidArgument if
/// the operands do not fit, kUnsupported without a merge operator.
Result<bool> MergeInView(const ReadView& view, TableCache& tables, const LookupKey& key,
                         const PointLookupOptions& options, SequenceNumber range_delete,
                         TableAnswer& found);

/// Applies operands, the oldest first, for key `key`; the errors of MergeInView.
Result<void> ApplyOperands(const MergeOperator* merge_operator, std::string_view key,
                           std::optional<std::string_view> base,
                           std::span<const std::string_view> operands, std::string& value);

}  // namespace quiver
