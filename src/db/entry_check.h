// What may be written: the limits of keys and values, and what a keyspace has to say about an
// entry.
//
// Errors: kInvalidArgument, with what was given and what is allowed.
//
// Thread safety: pure functions.
#pragma once

#include <string_view>

#include "base/batch_codec.h"
#include "db/keyspace_state.h"
#include "quiver/error.h"

namespace quiver {

Result<void> CheckKey(std::string_view key);
Result<void> CheckValue(std::string_view value);
/// Declared widths, and whether a merge operand fits.
Result<void> CheckEntry(const KeyspaceState& keyspace, const BatchEntry& entry);

}  // namespace quiver
