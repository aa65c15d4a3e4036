#include "memtable/ordered_view_cache.h"

namespace quiver {

OrderedViewCache::OrderedViewCache(const RecordLog& log, const MemoryAccount& account)
    : log_(log),
      account_(account),
      view_(std::make_shared<SortedRecords>(0, std::string_view(), account)) {}

std::shared_ptr<const SortedRecords> OrderedViewCache::Get() {
  MutexLock lock(mutex_);
  const std::uint64_t size = log_.size();
  if (size == covered_) return view_;
  auto view = std::make_shared<SortedRecords>(size - covered_, std::string_view(), account_);
  const std::size_t collected = log_.Collect(covered_, size, view->space());
  view->SortInPlace(collected);
  if (covered_ > 0) view = SortedRecords::Merge(view_->run(), view->run(), account_);
  if (collected == size - covered_) {
    view_ = view;
    covered_ = size;
  }
  return view;
}

}  // namespace quiver
