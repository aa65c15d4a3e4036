#include "db/write_queue.h"

#include <algorithm>

namespace quiver {

void WriteQueue::Submit(WriteRequest& request) {
  MutexLock lock(mutex_);
  queue_.push_back(&request);
  while (!request.done_ && queue_.front() != &request) request.turn_.Wait(mutex_);
  if (request.done_) return;

  const std::size_t count = CollectGroup();
  lock.Unlock();
  handler_(group_);
  lock.Lock();

  for (std::size_t i = 0; i < count; ++i) {
    WriteRequest* handled = queue_.front();
    queue_.pop_front();
    if (handled == &request) continue;
    // Once done_ is seen the other thread may return and destroy its request, but only after it
    // has taken the mutex that this thread holds.
    handled->done_ = true;
    handled->turn_.NotifyOne();
  }
  if (!queue_.empty()) queue_.front()->turn_.NotifyOne();
}

std::size_t WriteQueue::CollectGroup() {
  group_.clear();
  const WriteRequest* leader = queue_.front();
  const std::size_t limit = leader->encoded.size() <= kSmallGroupBytesMax
                                ? leader->encoded.size() + kSmallGroupBytesMax
                                : kGroupBytesMax;
  std::size_t bytes = 0;
  for (WriteRequest* request : queue_) {
    if (!group_.empty() && (request->is_barrier() || bytes + request->encoded.size() > limit))
      break;
    group_.push_back(request);
    bytes += request->encoded.size();
    if (request->is_barrier()) break;
  }
  return group_.size();
}

}  // namespace quiver
