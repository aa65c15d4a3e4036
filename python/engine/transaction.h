// Transaction: reads and writes that happen at one moment, or not at all.
//
// Thread safety: under the GIL (see common.h).
#pragma once

#include "batch.h"

namespace quiver::python {

/// Begins a transaction; `isolation` is "snapshot" or "serializable".
nb::object MakeTransaction(const DatabaseRef& open, const std::string& isolation,
                           const WriteArguments& arguments);

}  // namespace quiver::python
