#include "memtable/linked_list/linked_list_memtable.h"

#include <array>
#include <new>

#include "base/schedule_point.h"
#include "memtable/sorted_records.h"

namespace quiver {

LinkedListMemtable::LinkedListMemtable(const MemtableContext& context)
    : arena_(context.memory_pool), head_(NewChunk({0, nullptr})), last_(head_) {}

LinkedListMemtable::Chunk* LinkedListMemtable::NewChunk(const PrefixedRecord& first) {
  return new (arena_.Allocate(sizeof(Chunk))) Chunk(first);
}

const LinkedListMemtable::Chunk* LinkedListMemtable::Walk(
    const Chunk* from, const EntryTarget& target) const noexcept {
  while (true) {
    const Chunk* next = from->next.load(std::memory_order_acquire);
    if (next == nullptr || CompareRecord(next->bound, target) > 0) return from;
    from = next;
  }
}

const LinkedListMemtable::Chunk* LinkedListMemtable::StartFor(
    const EntryTarget& target) const noexcept {
  const Chunk* last = last_.load(std::memory_order_acquire);
  return last != head_ && CompareRecord(last->bound, target) <= 0 ? last : head_;
}

void LinkedListMemtable::LinkAfter(Chunk* left, Chunk* chunk) noexcept {
  Chunk* right = left->next.load(std::memory_order_relaxed);
  chunk->next.store(right, std::memory_order_relaxed);
  chunk->previous.store(left, std::memory_order_relaxed);
  left->next.store(chunk, std::memory_order_release);
  SchedulePoint();
  if (right == nullptr) {
    last_.store(chunk, std::memory_order_release);
  } else {
    right->previous.store(chunk, std::memory_order_release);
  }
}

void LinkedListMemtable::Split(Chunk* chunk) {
  constexpr std::size_t kHalf = kChunkRecords / 2;
  Chunk* upper = NewChunk(chunk->records.Load(kHalf));
  for (std::size_t i = kHalf; i < kChunkRecords; ++i) {
    upper->records.InsertAt(i - kHalf, chunk->records.Load(i));
  }
  const WritingSection section(chunk->lock);
  LinkAfter(chunk, upper);
  chunk->records.Truncate(kHalf);
}

void LinkedListMemtable::Add(const EntryView& entry) {
  const PrefixedRecord item(EntryRecord::Create(arena_, entry));
  const EntryTarget target(*item.record);
  // The walk is shared with readers, who see chunks as const; the writer owns them all.
  auto* chunk = const_cast<Chunk*>(Walk(StartFor(target), target));
  const std::size_t size = chunk->records.size();
  std::size_t index = chunk->records.LowerBound(size, target);
  if (size == kChunkRecords) {
    if (index == size && chunk->next.load(std::memory_order_relaxed) == nullptr) {
      // In-order arrival: full chunks stay full, and a new one begins.
      Chunk* appended = NewChunk(item);
      appended->records.InsertAt(0, item);
      LinkAfter(chunk, appended);
      entry_count_.fetch_add(1, std::memory_order_release);
      return;
    }
    Split(chunk);
    chunk = const_cast<Chunk*>(Walk(chunk, target));
    index = chunk->records.LowerBound(chunk->records.size(), target);
  }
  if (index == chunk->records.size()) {
    chunk->records.InsertAt(index, item);
  } else {
    const WritingSection section(chunk->lock);
    chunk->records.InsertAt(index, item);
  }
  entry_count_.fetch_add(1, std::memory_order_release);
}

bool LinkedListMemtable::Get(const LookupKey& key, LookupAnswer& answer) const {
  const EntryTarget target(key);
  const Chunk* chunk = StartFor(target);
  while (true) {
    chunk = Walk(chunk, target);
    const OptimisticLock::Version version = chunk->lock.AwaitVersion();
    const Chunk* next = chunk->next.load(std::memory_order_acquire);
    const std::size_t size = chunk->records.size();
    const std::size_t index = chunk->records.LowerBound(size, target);
    const EntryRecord* found = index < size ? chunk->records.Load(index).record : nullptr;
    if (!chunk->lock.Unchanged(version)) continue;
    if (found == nullptr && next != nullptr) {
      // The answer may be the first record behind this chunk: that is the next one's bound,
      // unless this chunk was split since the walk, and then the walk goes on.
      if (CompareRecord(next->bound, target) <= 0) continue;
      found = next->bound.record;
    }
    if (found == nullptr || found->key() != key.key) return false;
    found->FillAnswer(answer);
    return true;
  }
}

/// Steps through a copy of one chunk: the copy is taken with the chunk's `next` in one validated
/// read, so copy, next chunk's copy, and so on leave no record out that was there before.
class LinkedListMemtable::Iterator final : public InternalIterator {
 public:
  explicit Iterator(const LinkedListMemtable& list) noexcept : list_(list) {}

  void SeekToFirst() override {
    CopyChunk(list_.head_);
    ShowFrom(0);
  }
  void SeekToLast() override {
    const Chunk* chunk = list_.last_.load(std::memory_order_acquire);
    do {
      CopyChunk(chunk);
      chunk = next_;
    } while (chunk != nullptr);
    ShowBefore(size_);
  }
  void Seek(std::string_view key, SequenceNumber sequence) override {
    const EntryTarget target(key, sequence);
    ShowFrom(CopyChunkOf(list_.StartFor(target), target));
  }
  void SeekForPrev(std::string_view key, SequenceNumber sequence) override {
    const EntryTarget target(key, sequence);
    const std::size_t index = CopyChunkOf(list_.StartFor(target), target);
    const bool exact = index < size_ && CompareRecord(records_[index], target) == 0;
    ShowBefore(exact ? index + 1 : index);
  }
  void Next() override { ShowFrom(index_ + 1); }
  void Prev() override {
    if (index_ > 0 || chunk_ == list_.head_) {
      ShowBefore(index_);
      return;
    }
    // The chunk's bound is never taken out, so it is what lies at index 0: the record before it
    // is the last of the predecessor, which a walk from the hint finds.
    const EntryTarget target(*chunk_->bound.record);
    CopyChunkBefore(chunk_->previous.load(std::memory_order_acquire), target);
    ShowBefore(size_);
  }

 private:
  void CopyChunk(const Chunk* chunk) noexcept {
    chunk_ = chunk;
    OptimisticLock::Version version = 0;
    do {
      version = chunk->lock.AwaitVersion();
      next_ = chunk->next.load(std::memory_order_acquire);
      size_ = chunk->records.CopyTo(records_);
    } while (!chunk->lock.Unchanged(version));
  }
  /// Copies the chunk whose range holds `target`; returns the index of the first record of the
  /// copy at or after it. A chunk that is split between walk and copy sends the walk on.
  std::size_t CopyChunkOf(const Chunk* from, const EntryTarget& target) noexcept {
    do {
      CopyChunk(list_.Walk(from, target));
      from = next_;
    } while (next_ != nullptr && CompareRecord(next_->bound, target) <= 0);
    return LowerBound({{records_.data(), size_}, {}}, target.key, target.sequence);
  }
  /// Copies the last chunk whose bound is before `target`.
  void CopyChunkBefore(const Chunk* from, const EntryTarget& target) noexcept {
    do {
      CopyChunk(from);
      from = next_;
    } while (next_ != nullptr && CompareRecord(next_->bound, target) < 0);
  }
  /// Shows the record at `index` of the copy or, past its end, the first one behind it.
  void ShowFrom(std::size_t index) noexcept {
    while (index == size_ && next_ != nullptr) {
      CopyChunk(next_);
      index = 0;
    }
    Show(index);
  }
  /// Shows the record before `index` of the copy. Only the head's copy can begin there.
  void ShowBefore(std::size_t index) noexcept { Show(index == 0 ? size_ : index - 1); }
  void Show(std::size_t index) noexcept {
    index_ = index;
    valid_ = index < size_;
    if (valid_) entry_ = records_[index].record->view();
  }

  const LinkedListMemtable& list_;
  const Chunk* chunk_ = nullptr;
  const Chunk* next_ = nullptr;
  std::size_t size_ = 0;
  std::size_t index_ = 0;
  std::array<PrefixedRecord, kChunkRecords> records_;
};

std::unique_ptr<InternalIterator> LinkedListMemtable::NewIterator() const {
  return std::make_unique<Iterator>(*this);
}

}  // namespace quiver
