// ChangeSignal: lets writers wait for room wherever in the database it may appear.
//
// Thread safety: everything from any thread. Its lock is a leaf, but for what `ready` reads.
#pragma once

#include <functional>

#include "base/mutex.h"

namespace quiver {

class ChangeSignal {
 public:
  /// Waits until `ready` holds; it is asked after every change and at least ten times a second.
  void WaitUntil(const std::function<bool()>& ready) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (!ready()) changed_.WaitFor(mutex_, 100);
  }
  /// Something that a `ready` looks at has changed.
  void Notify() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
};

}  // namespace quiver
