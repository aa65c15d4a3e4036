#include <sys/random.h>
#include <sys/types.h>

#include "base/check.h"
#include "io/environment.h"
#include "io/posix_descriptor.h"

namespace quiver::io {

namespace {

std::uint64_t SystemRandom() {
  std::uint64_t word = 0;
  const ssize_t count = RetryInterrupted([&] { return ::getrandom(&word, sizeof(word), 0); });
  // Requests of up to 256 bytes are never cut short, and every kernel since 3.17 answers them.
  QUIVER_CHECK(count == static_cast<ssize_t>(sizeof(word)));
  return word;
}

}  // namespace

Environment SystemEnvironment() {
  return Environment{&PosixFileSystem(), &SystemClock(), NewThreadPool, SystemRandom};
}

}  // namespace quiver::io
