// ChangeSignal: lets writers wait for room wherever in the database it may appear.
//
// Thread safety: everything from any thread. Its lock is a leaf: `ready` is asked, and tasks run,
// without it.
#pragma once

#include <cstdint>
#include <functional>

#include "base/mutex.h"
#include "io/executor.h"

namespace quiver {

class ChangeSignal {
 public:
  /// Waits until `ready` holds; it is asked after every change and at least ten times a second.
  void WaitUntil(io::Executor& executor, const std::function<bool()>& ready) EXCLUDES(mutex_) {
    while (true) {
      const std::uint64_t seen = changes();
      if (ready()) return;
      if (executor.RunOneForWaiter()) continue;
      MutexLock lock(mutex_);
      if (changes_ == seen) changed_.WaitFor(mutex_, 100);
    }
  }
  /// Something that a `ready` looks at has changed.
  void Notify() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ++changes_;
    changed_.NotifyAll();
  }

 private:
  std::uint64_t changes() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return changes_;
  }

  Mutex mutex_;
  CondVar changed_;
  std::uint64_t changes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace quiver
