// BlocksIterator: entries in columns, as tables keep them, for tests of what reads spans.
//
// Thread safety: one thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "iterator/vector_iterator.h"

namespace quiver::testing {

// Entries in columns of their own, as a block of a table has them.
class ColumnBlock {
 public:
  /// `distinct_keys`: no two of `entries`, nor of those in the blocks beside it, have one key.
  explicit ColumnBlock(const std::vector<OwnedEntry>& entries, bool distinct_keys = false) {
    key_offsets_.push_back(0);
    value_offsets_.push_back(0);
    for (const OwnedEntry& entry : entries) {
      keys_ += entry.key;
      values_ += entry.value;
      key_offsets_.push_back(static_cast<std::uint32_t>(keys_.size()));
      value_offsets_.push_back(static_cast<std::uint32_t>(values_.size()));
      sequences_.push_back(entry.sequence);
      operations_.push_back(static_cast<std::uint8_t>(entry.operation));
      columns_.max_sequence = std::max(columns_.max_sequence, entry.sequence);
    }
    columns_.keys = keys_.data();
    columns_.values = values_.data();
    columns_.key_offsets = key_offsets_.data();
    columns_.value_offsets = value_offsets_.data();
    columns_.sequences = sequences_.data();
    const auto is_put = [](std::uint8_t value) {
      return value == static_cast<std::uint8_t>(Operation::kPut);
    };
    columns_.operations =
        std::all_of(operations_.begin(), operations_.end(), is_put) ? nullptr : operations_.data();
    columns_.distinct_keys = distinct_keys;
  }
  ColumnBlock(const ColumnBlock&) = delete;
  ColumnBlock& operator=(const ColumnBlock&) = delete;

  std::uint32_t rows() const { return static_cast<std::uint32_t>(sequences_.size()); }
  const EntryColumns& columns() const { return columns_; }

 private:
  std::string keys_;
  std::string values_;
  std::vector<std::uint32_t> key_offsets_;
  std::vector<std::uint32_t> value_offsets_;
  std::vector<std::uint64_t> sequences_;
  std::vector<std::uint8_t> operations_;
  EntryColumns columns_;
};

// An iterator over blocks of a few rows each, for entries in entry order; moves are those of the
// contract.
class BlocksIterator final : public InternalIterator {
 public:
  BlocksIterator(std::vector<OwnedEntry> entries, std::size_t block_rows)
      : entries_(std::move(entries)), block_rows_(block_rows) {
    const bool distinct_keys =
        std::adjacent_find(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
          return a.key == b.key;
        }) == entries_.end();
    for (std::size_t first = 0; first < entries_.size(); first += block_rows) {
      const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(first);
      const auto rows = std::min(block_rows, entries_.size() - first);
      blocks_.push_back(std::make_unique<ColumnBlock>(
          std::vector<OwnedEntry>(begin, begin + static_cast<std::ptrdiff_t>(rows)),
          distinct_keys));
    }
  }
  void SeekToFirst() override { MoveTo(0); }
  void SeekToLast() override { MoveTo(entries_.size() - 1); }
  void Seek(std::string_view key, SequenceNumber sequence) override {
    MoveTo(FirstAtOrAfter(key, sequence));
  }
  void SeekForPrev(std::string_view key, SequenceNumber sequence) override {
    const std::size_t at = FirstAtOrAfter(key, sequence);
    const bool hit =
        at < entries_.size() && entries_[at].key == key && entries_[at].sequence == sequence;
    MoveTo(hit ? at : at - 1);
  }
  void Next() override { MoveTo(index_ + 1); }
  void Prev() override { MoveTo(index_ - 1); }
  EntrySpan Span() override {
    const ColumnBlock& block = *blocks_[index_ / block_rows_];
    return {&block.columns(), static_cast<std::uint32_t>(index_ % block_rows_), block.rows()};
  }
  void Skip(std::uint32_t count) override { MoveTo(index_ + count); }
  EntrySpan SpanBack() override {
    const ColumnBlock& block = *blocks_[index_ / block_rows_];
    return {&block.columns(), 0, static_cast<std::uint32_t>(index_ % block_rows_) + 1};
  }
  void SkipBack(std::uint32_t count) override { MoveTo(index_ - count); }

 private:
  std::size_t FirstAtOrAfter(std::string_view key, SequenceNumber sequence) const {
    const auto at = std::partition_point(entries_.begin(), entries_.end(), [&](const auto& entry) {
      return CompareEntry(entry.key, entry.sequence, key, sequence) < 0;
    });
    return static_cast<std::size_t>(at - entries_.begin());
  }
  void MoveTo(std::size_t index) {
    index_ = index;
    valid_ = index < entries_.size();
    if (valid_) entry_ = entries_[index].view();
  }

  const std::vector<OwnedEntry> entries_;
  const std::size_t block_rows_;
  std::vector<std::unique_ptr<ColumnBlock>> blocks_;
  std::size_t index_ = 0;
};

}  // namespace quiver::testing
