// RowLimit: what a row could reach at best on this machine, from its measured constants.
//
// The model is a lean engine: the memory accesses, bytes and system calls that the row's work
// cannot do without, and small constants for the work between them (kWork in row_limits.cc), on one
// run of tables in memory. It is a bound to aim at, not a proof: a figure above it shows a gap of
// the model.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "driver/dataset.h"
#include "limits/constants.h"

namespace quiver::bench {

/// In the row's own unit; nothing for rows without a model (write amplification, latencies, …).
std::optional<double> RowLimit(std::string_view row, const Dataset& dataset,
                               const MachineConstants& constants);

}  // namespace quiver::bench
