#include "io/fork_guard.h"

#include <pthread.h>

#include <atomic>

namespace quiver::io {

namespace {

// The one piece of global state: the operating system offers no place to hang it on.
std::atomic<std::uint32_t> generation{0};

void CountFork() {
  generation.fetch_add(1, std::memory_order_relaxed);
}

const bool registered = ::pthread_atfork(nullptr, nullptr, CountFork) == 0;

}  // namespace

std::uint32_t ForkGeneration() noexcept {
  (void)registered;
  return generation.load(std::memory_order_relaxed);
}

}  // namespace quiver::io
