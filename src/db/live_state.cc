#include "db/live_state.h"

#include <algorithm>

#include "base/check.h"

namespace quiver {

LiveState::LiveState(EpochManager& epochs, MemtableRef active, VersionRef version)
    : publisher_(epochs) {
  auto view = std::make_shared<ReadView>();
  view->active = std::move(active);
  view->version = std::move(version);
  MutexLock lock(mutex_);
  PublishLocked(std::move(view));
}

void LiveState::PublishLocked(std::shared_ptr<ReadView> view) {
  immutable_count_.store(view->immutables.size(), std::memory_order_release);
  level0_run_count_.store(view->version->level(0).runs.size(), std::memory_order_release);
  view_ = view;
  publisher_.Publish(std::move(view));
  changed_.NotifyAll();
}

void LiveState::Rotate(MemtableRef next_active) {
  MutexLock lock(mutex_);
  auto next = std::make_shared<ReadView>(*view_);
  next->immutables.insert(next->immutables.begin(), view_->active);
  next->active = std::move(next_active);
  PublishLocked(std::move(next));
}

void LiveState::InstallVersion(VersionRef version) {
  MutexLock lock(mutex_);
  auto next = std::make_shared<ReadView>(*view_);
  next->version = std::move(version);
  PublishLocked(std::move(next));
}

void LiveState::FinishFlush(VersionRef version, std::span<const MemtableRef> flushed) {
  MutexLock lock(mutex_);
  auto next = std::make_shared<ReadView>(*view_);
  next->version = std::move(version);
  std::erase_if(next->immutables, [&](const MemtableRef& memtable) {
    return std::find(flushed.begin(), flushed.end(), memtable) != flushed.end();
  });
  PublishLocked(std::move(next));
}

MemtableRef LiveState::active() const {
  MutexLock lock(mutex_);
  return view_->active;
}

std::vector<MemtableRef> LiveState::ImmutablesOldestFirst() const {
  MutexLock lock(mutex_);
  return {view_->immutables.rbegin(), view_->immutables.rend()};
}

std::uint64_t LiveState::FirstSegmentAfter(const MemtableRef& newest_flushed) const {
  MutexLock lock(mutex_);
  const auto& immutables = view_->immutables;
  const auto place = std::find(immutables.begin(), immutables.end(), newest_flushed);
  QUIVER_CHECK(place != immutables.end());
  return place == immutables.begin() ? view_->active->first_segment()
                                     : (*std::prev(place))->first_segment();
}

void LiveState::WaitUntil(const std::function<bool()>& ready) {
  MutexLock lock(mutex_);
  while (!ready()) changed_.WaitFor(mutex_, 100);
}

void LiveState::Wake() {
  MutexLock lock(mutex_);
  changed_.NotifyAll();
}

}  // namespace quiver
