// ProgressCallback: how a long call tells how far it is.
#pragma once

#include <cstdint>
#include <functional>

namespace quiver {

/// Called now and then with bytes done and bytes in all.
using ProgressCallback = std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)>;

}  // namespace quiver
