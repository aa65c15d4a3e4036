#include "version/level_iterator.h"

#include <utility>
#include <vector>

namespace quiver {

namespace {

class LevelIterator final : public InternalIterator {
 public:
  LevelIterator(const SortedRun& run, TableCache& table_cache, const TableReadOptions& options)
      : run_(run), table_cache_(table_cache), options_(options), index_(run.tables.size()) {}

  void SeekToFirst() override {
    status_ = {};
    if (OpenTable(0)) table_iterator_->SeekToFirst();
    SettleForward();
  }

  void SeekToLast() override {
    status_ = {};
    if (OpenTable(run_.tables.size() - 1)) table_iterator_->SeekToLast();
    SettleBackward();
  }

  void Seek(std::string_view key, SequenceNumber sequence) override {
    status_ = {};
    if (OpenTable(run_.FindTable(key))) table_iterator_->Seek(key, sequence);
    SettleForward();
  }

  void Prefetch(std::string_view key, unsigned wave) override {
    if (OpenTable(run_.FindTable(key))) table_iterator_->Prefetch(key, wave);
  }

  void SeekForPrev(std::string_view key, SequenceNumber sequence) override {
    status_ = {};
    // The first table that ends at or after the key may also begin behind it; the entry wanted is
    // then the last of the table before, which settling finds.
    std::size_t index = run_.FindTable(key);
    if (index == run_.tables.size() && index != 0) --index;
    if (OpenTable(index)) table_iterator_->SeekForPrev(key, sequence);
    SettleBackward();
  }

  void Next() override {
    table_iterator_->Next();
    SettleForward(/*is_walk=*/true);
  }

  void Prev() override {
    table_iterator_->Prev();
    SettleBackward(/*is_walk=*/true);
  }

  EntrySpan Span() override { return table_iterator_->Span(); }

  void Skip(std::uint32_t count) override {
    table_iterator_->Skip(count);
    SettleForward(/*is_walk=*/true);
  }

  EntrySpan SpanBack() override { return table_iterator_->SpanBack(); }

  void SkipBack(std::uint32_t count) override {
    table_iterator_->SkipBack(count);
    SettleBackward(/*is_walk=*/true);
  }

  Result<void> status() const override { return status_; }

 private:
  /// Makes `index` the current table with an unpositioned iterator. False behind either end of the
  /// run (an index of -1 wraps to one) and after an error. `is_scan` if a walk through the table
  /// beside it leads there.
  bool OpenTable(std::size_t index, bool is_scan = false) {
    if (index >= run_.tables.size()) {
      Leave();
      return false;
    }
    if (index == index_ && table_iterator_ != nullptr) return true;
    Leave();
    index_ = index;
    if (!is_scan && TakeIdle(index)) return true;
    const TableFile& file = *run_.tables[index];
    auto table = table_cache_.Pin(file.slot, file.summary);
    if (!table) {
      status_ = std::move(table).error();
      return false;
    }
    TableReadOptions options = options_;
    options.is_scan = is_scan;
    table_iterator_ = (*table)->NewIterator(options);
    is_scan_ = is_scan;
    return true;
  }

  /// The current table's iterator waits for a later seek, if it may.
  void Leave() {
    if (table_iterator_ != nullptr && !is_scan_ && status_.ok()) {
      if (idle_.size() < kIdleMax) idle_.emplace_back();
      Idle& place = idle_[next_idle_++ % idle_.size()];
      place = {index_, std::move(table_iterator_)};
    }
    table_iterator_.reset();
    index_ = run_.tables.size();
  }

  bool TakeIdle(std::size_t index) {
    for (Idle& idle : idle_) {
      if (idle.iterator == nullptr || idle.index != index) continue;
      table_iterator_ = std::move(idle.iterator);
      is_scan_ = false;
      return true;
    }
    return false;
  }

  /// Takes over the entry under the table's cursor, or goes on to the tables behind.
  void SettleForward(bool is_walk = false) {
    while (!TakeEntry()) {
      if (table_iterator_ == nullptr || !OpenTable(index_ + 1, is_walk)) return;
      table_iterator_->SeekToFirst();
    }
  }

  void SettleBackward(bool is_walk = false) {
    while (!TakeEntry()) {
      if (table_iterator_ == nullptr || !OpenTable(index_ - 1, is_walk)) return;
      table_iterator_->SeekToLast();
    }
  }

  /// False if the table's cursor ran out; with an error the table's iterator is dropped, which
  /// ends settling too.
  bool TakeEntry() {
    valid_ = table_iterator_ != nullptr && table_iterator_->Valid();
    if (valid_) {
      entry_ = table_iterator_->entry();
      return true;
    }
    if (table_iterator_ != nullptr) {
      if (Result<void> status = table_iterator_->status(); !status) {
        status_ = std::move(status);
        table_iterator_.reset();
      }
    }
    return false;
  }

  const SortedRun& run_;
  TableCache& table_cache_;
  const TableReadOptions options_;
  std::size_t index_;
  std::unique_ptr<InternalIterator> table_iterator_;
  bool is_scan_ = false;  // of table_iterator_
  Result<void> status_;

  /// Iterators of tables that were left: seeks all over a run come back to them, and making one
  /// costs more than the seek.
  struct Idle {
    std::size_t index = 0;
    std::unique_ptr<InternalIterator> iterator;
  };
  static constexpr std::size_t kIdleMax = 8;
  std::vector<Idle> idle_;
  std::size_t next_idle_ = 0;
};

}  // namespace

std::unique_ptr<InternalIterator> NewLevelIterator(const SortedRun& run, TableCache& table_cache,
                                                   const TableReadOptions& options) {
  return std::make_unique<LevelIterator>(run, table_cache, options);
}

}  // namespace quiver
