// Batch: writes that become visible and durable together; and the options that writes share.
//
// Thread safety: under the GIL (see common.h).
#pragma once

#include "common.h"

namespace quiver::python {

/// From the keyword arguments wal_mode (None, "sync", "batch", "async") and fail_if_stalled.
WriteOptions WriteArguments(nb::handle wal_mode, bool fail_if_stalled);

nb::object MakeBatch(DatabaseRef open, const WriteOptions& options);

/// Puts the pairs of a mapping or of an iterable of pairs. One batch, or with atomic = false as
/// many of about a mebibyte as it takes. Returns their number.
std::uint64_t PutMany(const DatabaseRef& open, nb::handle items, bool atomic,
                      const WriteOptions& options);

}  // namespace quiver::python
