// The allocator of this program: operator new fails once it has been called so many times, as when
// memory runs out, and goes on failing.
//
// Thread safety: everything from any thread.
#pragma once

#include <cstdint>

namespace quiver::torture {

/// From now on: `count` allocations succeed, all later ones fail.
void FailAllocationsAfter(std::uint64_t count) noexcept;
/// From now on only the allocation after `count` others fails.
void FailOneAllocationAfter(std::uint64_t count) noexcept;
/// Allocations since the last call of one of the above.
std::uint64_t AllocationCount() noexcept;

}  // namespace quiver::torture
