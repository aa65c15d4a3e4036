#include "alloc_sweep/failing_allocator.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> calls{0};
std::atomic<std::uint64_t> first_failing{~std::uint64_t{0}};
std::atomic<std::uint64_t> failing_end{0};

void* Allocate(std::size_t bytes, std::size_t alignment) noexcept {
  const std::uint64_t call = calls.fetch_add(1, std::memory_order_relaxed);
  if (call >= first_failing.load(std::memory_order_relaxed) &&
      call < failing_end.load(std::memory_order_relaxed)) {
    return nullptr;
  }
  if (bytes == 0) bytes = 1;
  if (alignment <= alignof(std::max_align_t)) return std::malloc(bytes);
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void* AllocateOrThrow(std::size_t bytes, std::size_t alignment) {
  void* const memory = Allocate(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

constexpr std::size_t kNatural = alignof(std::max_align_t);

}  // namespace

// The standard says that the other forms call these; libstdc++'s do.
void* operator new(std::size_t bytes) {
  return AllocateOrThrow(bytes, kNatural);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return AllocateOrThrow(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace quiver::torture {

void FailAllocationsAfter(std::uint64_t count) noexcept {
  calls.store(0);
  first_failing.store(count);
  failing_end.store(~std::uint64_t{0});
}

void FailOneAllocationAfter(std::uint64_t count) noexcept {
  calls.store(0);
  first_failing.store(count);
  failing_end.store(count + 1);
}

std::uint64_t AllocationCount() noexcept {
  return calls.load();
}

}  // namespace quiver::torture
