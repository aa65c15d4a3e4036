// Mutex, MutexLock and CondVar: std::mutex with the annotations that clang's thread-safety
// analysis needs. The only locks of the project.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/schedule_point.h"
#include "base/thread_annotations.h"

namespace quiver {

class CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ACQUIRE() {
    SchedulePoint();
    mutex_.lock();
  }
  void Unlock() RELEASE() {
    mutex_.unlock();
    SchedulePoint();
  }
  bool TryLock() TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

/// Holds a Mutex for a scope; Unlock() and Lock() open a gap in it.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() RELEASE() {
    if (held_) mutex_.Unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void Unlock() RELEASE() {
    held_ = false;
    mutex_.Unlock();
  }
  void Lock() ACQUIRE() {
    mutex_.Lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

/// A condition variable for Mutex. Waits may wake for no reason: call them in a loop.
class CondVar {
 public:
  void Wait(Mutex& mutex) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    SchedulePoint();
    condition_.wait(lock);
    lock.release();
  }
  /// Returns after `timeout_ms` at the latest.
  void WaitFor(Mutex& mutex, std::uint64_t timeout_ms) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    SchedulePoint();
    condition_.wait_for(lock, std::chrono::milliseconds(timeout_ms));
    lock.release();
  }
  void NotifyOne() {
    SchedulePoint();
    condition_.notify_one();
  }
  void NotifyAll() {
    SchedulePoint();
    condition_.notify_all();
  }

 private:
  std::condition_variable condition_;
};

}  // namespace quiver
