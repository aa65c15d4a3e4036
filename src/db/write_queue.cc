#include "db/write_queue.h"

#include <algorithm>

namespace quiver {

void WriteQueue::Submit(WriteRequest& request) {
  MutexLock lock(mutex_);
  queue_.push_back(&request);
  while (!request.done_ && queue_.front() != &request) request.turn_.Wait(mutex_);
  if (request.done_) return;

  CollectGroup();
  lock.Unlock();
  handler_(group_);
  lock.Lock();

  for (WriteRequest* handled : group_) {
    queue_.pop_front();
    if (handled != &request) Release(*handled);
  }
  if (!queue_.empty()) queue_.front()->turn_.NotifyOne();
}

std::span<WriteRequest* const> WriteQueue::EndEarly(
    const std::function<bool(WriteRequest&)>& ends) {
  MutexLock lock(mutex_);
  WriteRequest* const leader = queue_.front();
  if (ends(*leader)) group_.resize(1);
  std::vector<WriteRequest*> ended;
  for (WriteRequest* request : queue_) {
    if (request != leader && ends(*request)) ended.push_back(request);
  }
  const auto has_ended = [&](const WriteRequest* request) {
    return std::find(ended.begin(), ended.end(), request) != ended.end();
  };
  std::erase_if(queue_, has_ended);
  std::erase_if(group_, has_ended);
  for (WriteRequest* request : ended) Release(*request);
  return group_;
}

void WriteQueue::Release(WriteRequest& request) {
  request.done_ = true;
  request.turn_.NotifyOne();
}

void WriteQueue::CollectGroup() {
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
}

}  // namespace quiver
