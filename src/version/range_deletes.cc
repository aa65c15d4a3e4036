#include "version/range_deletes.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>
#include <utility>

namespace quiver {

namespace {

SequenceNumber NewestAtOrBelow(const std::vector<SequenceNumber>& newest_first,
                               SequenceNumber sequence) noexcept {
  const auto found = std::ranges::lower_bound(newest_first, sequence, std::ranges::greater());
  return found == newest_first.end() ? 0 : *found;
}

}  // namespace

// A sweep over all borders, in order, with the sequences of the ranges that are open there.
RangeDeletes::RangeDeletes(std::vector<RangeDelete> own, RangeDeletesRef base)
    : base_(std::move(base)),
      own_(std::move(own)),
      largest_sequence_(base_ == nullptr ? 0 : base_->largest_sequence_) {
  struct Border {
    std::string_view key;
    bool opens;
    SequenceNumber sequence;
  };
  std::vector<Border> borders;
  borders.reserve(own_.size() * 2);
  for (const RangeDelete& range : own_) {
    largest_sequence_ = std::max(largest_sequence_, range.sequence);
    if (range.begin >= range.end) continue;
    borders.push_back({range.begin, true, range.sequence});
    borders.push_back({range.end, false, range.sequence});
  }
  std::ranges::sort(borders, {}, &Border::key);
  std::multiset<SequenceNumber, std::greater<>> open;
  for (std::size_t i = 0; i < borders.size();) {
    const std::string_view key = borders[i].key;
    for (; i < borders.size() && borders[i].key == key; ++i) {
      if (borders[i].opens) {
        open.insert(borders[i].sequence);
      } else {
        open.erase(open.find(borders[i].sequence));
      }
    }
    if (open.empty()) continue;
    fragments_.push_back({key, borders[i].key, {open.begin(), open.end()}});
  }
}

std::vector<RangeDeletes::Fragment>::const_iterator RangeDeletes::FindFragment(
    std::string_view key) const noexcept {
  const auto behind = std::ranges::upper_bound(fragments_, key, {}, &Fragment::begin);
  if (behind == fragments_.begin()) return fragments_.end();
  const auto found = std::prev(behind);
  return key < found->end ? found : fragments_.end();
}

SequenceNumber RangeDeletes::Covering(std::string_view key,
                                      SequenceNumber sequence) const noexcept {
  const SequenceNumber of_base = base_ == nullptr ? 0 : base_->Covering(key, sequence);
  const auto found = FindFragment(key);
  if (found == fragments_.end()) return of_base;
  return std::max(of_base, NewestAtOrBelow(found->sequences, sequence));
}

std::optional<std::string_view> RangeDeletes::FirstCovered(std::string_view key) const noexcept {
  std::optional<std::string_view> first;
  if (base_ != nullptr) first = base_->FirstCovered(key);
  const auto ends_behind = std::ranges::upper_bound(fragments_, key, {}, &Fragment::end);
  if (ends_behind == fragments_.end()) return first;
  const std::string_view here = std::max(ends_behind->begin, key);
  return first ? std::min(*first, here) : here;
}

RangeDeletes::Cover RangeDeletes::CoveringAll(std::string_view first, std::string_view last,
                                              SequenceNumber sequence) const noexcept {
  Cover cover{.oldest = kSequenceMax, .newest = 0};
  for (auto fragment = FindFragment(first); fragment != fragments_.end(); ++fragment) {
    const SequenceNumber here = NewestAtOrBelow(fragment->sequences, sequence);
    if (here == 0) return {};
    cover.oldest = std::min(cover.oldest, here);
    cover.newest = std::max(cover.newest, here);
    if (last < fragment->end) return cover;
    const auto next = std::next(fragment);
    if (next == fragments_.end() || next->begin != fragment->end) return {};
  }
  return {};
}

std::vector<RangeDelete> RangeDeletes::all() const {
  std::vector<RangeDelete> all;
  if (base_ != nullptr) all = base_->all();
  all.insert(all.end(), own_.begin(), own_.end());
  return all;
}

std::size_t RangeDeletes::size() const noexcept {
  return own_.size() + (base_ == nullptr ? 0 : base_->size());
}

RangeDeletesRef RangeDeletes::With(const RangeDeletesRef& these, RangeDelete more) {
  RangeDeletesRef base;
  std::vector<RangeDelete> own;
  if (these != nullptr) {
    if (these->own_.size() < kOwnMax) {
      base = these->base_;
      own = these->own_;
    } else {
      base = std::make_shared<const RangeDeletes>(these->all());
    }
  }
  own.push_back(std::move(more));
  return std::make_shared<const RangeDeletes>(std::move(own), std::move(base));
}

RangeDeletesRef AddRangeDeletes(const RangeDeletesRef& base, const RangeDeletesRef& more) {
  if (base == nullptr && more == nullptr) return nullptr;
  std::vector<RangeDelete> all;
  for (const RangeDeletesRef& part : {base, more}) {
    if (part == nullptr) continue;
    std::vector<RangeDelete> ranges = part->all();
    std::ranges::move(ranges, std::back_inserter(all));
  }
  return std::make_shared<const RangeDeletes>(std::move(all));
}

std::vector<RangeDelete> RedundantRangeDeletes(const std::vector<RangeDelete>& ranges,
                                               const std::vector<SequenceNumber>& readers) {
  // Enough for a queue that is deleted from one end; a full search would be quadratic.
  constexpr std::size_t kLookedAtMax = 64;
  std::vector<const RangeDelete*> kept;
  std::vector<RangeDelete> redundant;
  const auto covers = [&](const RangeDelete& newer, const RangeDelete& older) {
    if (older.begin < newer.begin || newer.end < older.end) return false;
    const auto reader = std::ranges::lower_bound(readers, older.sequence);
    return reader == readers.end() || *reader >= newer.sequence;
  };
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    const std::size_t first = kept.size() > kLookedAtMax ? kept.size() - kLookedAtMax : 0;
    const bool is_covered =
        std::any_of(kept.begin() + static_cast<std::ptrdiff_t>(first), kept.end(),
                    [&](const RangeDelete* newer) { return covers(*newer, *range); });
    if (is_covered) {
      redundant.push_back(*range);
    } else {
      kept.push_back(&*range);
    }
  }
  return redundant;
}

}  // namespace quiver
