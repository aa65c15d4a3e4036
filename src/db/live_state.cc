#include "db/live_state.h"

#include <algorithm>

#include "base/check.h"

namespace quiver {

LiveState::LiveState(const Parts& parts, VersionRef version)
    : changed_(*parts.changed), placeholder_(parts.placeholder), publisher_(*parts.epochs) {
  auto view = std::make_shared<ReadView>();
  view->active = placeholder_;
  view->version = std::move(version);
  MutexLock lock(mutex_);
  PublishLocked(std::move(view));
}

void LiveState::PublishLocked(std::shared_ptr<ReadView> view) {
  immutable_count_.store(view->immutables.size(), std::memory_order_release);
  level0_run_count_.store(view->version->level(0).runs.size(), std::memory_order_release);
  view_ = view;
  publisher_.Publish(std::move(view));
  changed_.Notify();
}

void LiveState::Seal() {
  MutexLock lock(mutex_);
  QUIVER_CHECK(!view_->active->is_placeholder());
  auto next = std::make_shared<ReadView>(*view_);
  next->immutables.insert(next->immutables.begin(), view_->active);
  next->active = placeholder_;
  PublishLocked(std::move(next));
}

void LiveState::ReplaceActive(MemtableRef active) {
  MutexLock lock(mutex_);
  QUIVER_CHECK(view_->active->is_placeholder());
  auto next = std::make_shared<ReadView>(*view_);
  next->active = std::move(active);
  PublishLocked(std::move(next));
}

void LiveState::Clear() {
  MutexLock lock(mutex_);
  auto next = std::make_shared<ReadView>();
  next->active = placeholder_;
  next->version = std::make_shared<const Version>(std::vector<Level>());
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

}  // namespace quiver
