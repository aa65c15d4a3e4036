#include "db/write_queue.h"

#include <algorithm>

namespace quiver {

using Turn = WriteRequest::Turn;

void WriteQueue::Submit(WriteRequest& request) {
  MutexLock lock(mutex_);
  queue_.push_back(&request);
  if (queue_.front() != &request) {
    lock.Unlock();
    AwaitTurn(request);
    if (request.turn_.load(std::memory_order_acquire) == Turn::kDone) return;
    lock.Lock();
  }

  CollectGroup();
  lock.Unlock();
  handler_(group_);
  lock.Lock();

  for (WriteRequest* handled : group_) {
    queue_.pop_front();
    if (handled != &request) Give(*handled, Turn::kDone);
  }
  if (!queue_.empty()) Give(*queue_.front(), Turn::kLeads);
}

void WriteQueue::AwaitTurn(WriteRequest& request) {
  const auto has_come = [&] {
    return request.turn_.load(std::memory_order_acquire) != Turn::kAwake;
  };
  if (look_.Until(has_come)) return;
  MutexLock lock(mutex_);
  if (has_come()) return;
  request.turn_.store(Turn::kAsleep, std::memory_order_relaxed);
  while (request.turn_.load(std::memory_order_relaxed) == Turn::kAsleep) {
    request.woken_.Wait(mutex_);
  }
}

void WriteQueue::Give(WriteRequest& request, Turn turn) {
  if (request.turn_.exchange(turn, std::memory_order_acq_rel) == Turn::kAsleep) {
    // It needs the lock before it goes.
    request.woken_.NotifyOne();
  }
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
  for (WriteRequest* request : ended) Give(*request, Turn::kDone);
  return group_;
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
