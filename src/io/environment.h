// Environment: everything of the outside world that a database uses, in one value, so that tests
// replace the disk, the time, the threads or the randomness.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "io/clock.h"
#include "io/directory.h"
#include "io/executor.h"

namespace quiver::io {

struct Environment {
  FileSystem* file_system;
  Clock* clock;
  std::function<std::unique_ptr<Executor>(std::uint32_t compaction_threads)> new_executor;
  /// 128 bits of randomness for a new database's identity are drawn from here.
  std::function<std::uint64_t()> random;
};

/// The real disk, clock, threads and the system's randomness.
Environment SystemEnvironment();

}  // namespace quiver::io
