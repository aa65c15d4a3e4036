// ForkGeneration: tells a process from its forks without a system call.
//
// A fork has a copy of an open database but none of its threads, and shares its files: using it
// would corrupt the parent's. The engine remembers the generation at open and compares.
//
// Thread safety: any thread.
#pragma once

#include <cstdint>

namespace quiver::io {

/// A number that is one higher in a child made by fork() than in its parent.
std::uint32_t ForkGeneration() noexcept;

}  // namespace quiver::io
