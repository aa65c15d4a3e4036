// ThreadMarks: which threads are inside a call that hands control to the user's code, so that a
// call which would wait for them knows when it would wait for itself.
//
// Thread safety: all methods, any thread. A leaf in the order of locks.
#pragma once

#include <algorithm>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace quiver {

class ThreadMarks {
 public:
  /// Marks the calling thread for a scope; scopes of one thread may nest.
  class Scope {
   public:
    explicit Scope(ThreadMarks& marks) : marks_(marks) {
      MutexLock lock(marks_.mutex_);
      marks_.threads_.push_back(std::this_thread::get_id());
    }
    ~Scope() {
      MutexLock lock(marks_.mutex_);
      const auto mine = std::ranges::find(marks_.threads_, std::this_thread::get_id());
      marks_.threads_.erase(mine);
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    ThreadMarks& marks_;
  };

  bool HasThisThread() const {
    MutexLock lock(mutex_);
    return std::ranges::find(threads_, std::this_thread::get_id()) != threads_.end();
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::thread::id> threads_ GUARDED_BY(mutex_);
};

}  // namespace quiver
