#include "sstable/table_iterator.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/epoch.h"
#include "base/prefetch.h"
#include "base/try.h"
#include "sstable/block_window.h"

namespace quiver {

namespace {

constexpr std::size_t kNoBlock = ~std::size_t{0};

// A walk that has brought so many neighbouring blocks into the cache is a scan. From then on blocks
// that are not there are read ahead into memory of the iterator's own: a scan of everything shall
// neither push out what gets need nor pay for memory that it uses once. Blocks that a second scan
// meets go into the cache as long as it has room.
constexpr std::uint32_t kCachedBlocksOfScan = 64;
constexpr std::uint32_t kScanReadAheadBytes = 256U << 10;

class TableIterator final : public InternalIterator {
 public:
  TableIterator(std::shared_ptr<const TableReader> table, const TableReadOptions& options)
      : table_(std::move(table)), options_(options), window_(*table_) {
    const PropertiesHeader& numbers = table_->parts().properties.numbers;
    columns_.distinct_keys = numbers.key_count == numbers.entry_count;
  }

  void SeekToFirst() override {
    StartWalk(options_.read_ahead_bytes);
    if (Enter(0, ScanDirection::kForward)) {
      MoveTo(0);
    } else if (options_.on_damage) {
      SkipDamage(0);
    }
  }
  void SeekToLast() override {
    StartWalk(options_.read_ahead_bytes);
    if (Enter(table_->block_count() - 1, ScanDirection::kBackward)) MoveTo(block_.rows - 1);
  }
  void Seek(std::string_view key, SequenceNumber sequence) override;
  void Prefetch(std::string_view key, unsigned wave) override;
  void SeekForPrev(std::string_view key, SequenceNumber sequence) override;

  void Next() override {
    if (++row_ < block_.rows) [[likely]] {
      SetEntry();
      return;
    }
    NextBlock();
  }
  void Prev() override {
    if (row_ > 0) [[likely]] {
      --row_;
      SetEntry();
      return;
    }
    PreviousBlock();
  }

  EntrySpan Span() override {
    if (columns_block_ != block_index_) FillColumns();
    return {&columns_, row_, block_.rows};
  }
  void Skip(std::uint32_t count) override {
    row_ += count - 1;
    Next();
  }
  EntrySpan SpanBack() override {
    if (columns_block_ != block_index_) FillColumns();
    return {&columns_, 0, row_ + 1};
  }
  void SkipBack(std::uint32_t count) override {
    row_ -= count - 1;
    Prev();
  }

  Result<void> status() const override {
    if (error_) return *error_;
    return {};
  }

 private:
  void SetEntry() noexcept {
    entry_.key = block_.KeyAt(row_);
    entry_.value = block_.ValueAt(row_);
    entry_.sequence = block_.SequenceAt(row_);
    entry_.operation = block_.OperationAt(row_);
    entry_.expiry_us = block_.ExpiryAt(row_);
  }
  void MoveTo(std::uint32_t row) noexcept {
    row_ = row;
    valid_ = true;
    SetEntry();
  }
  void StartWalk(std::uint64_t read_ahead_bytes) noexcept {
    read_ahead_bytes_ = read_ahead_bytes;
    loaded_blocks_ = 0;
    walked_blocks_ = 0;
  }
  bool IsScan() const noexcept {
    return options_.read_ahead_bytes == 0 &&
           (options_.is_scan || loaded_blocks_ >= kCachedBlocksOfScan);
  }
  void FillColumns();
  void NextBlock();
  /// Goes on behind `block`, which could not be read, after telling of it.
  void SkipDamage(std::size_t block);
  void PreviousBlock();
  /// Makes `block` the current one; false with the error kept if it cannot be read.
  bool Enter(std::size_t block, ScanDirection direction);
  Result<void> Load(std::size_t block, ScanDirection direction);
  bool PinCached(std::size_t block);
  void PrefetchNeighbour(std::size_t block);

  const std::shared_ptr<const TableReader> table_;
  const TableReadOptions options_;
  DataBlock block_;  ///< the current block; a copy, so that a step follows one pointer less
  std::uint32_t row_ = 0;
  std::size_t block_index_ = kNoBlock;
  std::shared_ptr<const CachedBlock> pin_;  ///< of the current block, if it is in the cache
  BlockWindow window_;
  AlignedBuffer decoded_;  ///< of the current block, if it is compressed and not in the cache
  std::uint64_t read_ahead_bytes_ = 0;
  std::uint32_t loaded_blocks_ = 0;      ///< into the cache, since the last seek
  std::uint32_t walked_blocks_ = 0;      ///< entered by a step from a neighbour, since then
  std::string sought_key_;               ///< of the last Prefetch
  std::size_t sought_block_ = kNoBlock;  ///< where a seek for it starts
  std::optional<Error> error_;
  EntryColumns columns_;  ///< of block columns_block_, made when first asked for
  std::size_t columns_block_ = kNoBlock;
};

void TableIterator::FillColumns() {
  columns_block_ = block_index_;
  columns_.keys = block_.keys;
  columns_.values = block_.values;
  columns_.key_offsets = block_.Has(kUniformKeys) ? nullptr : block_.key_offsets;
  columns_.value_offsets = block_.Has(kUniformValues) ? nullptr : block_.value_offsets;
  columns_.sequences = block_.Has(kConstantSequence) ? nullptr : block_.sequences;
  columns_.operations = block_.Has(kConstantOperation) ? nullptr : block_.operations;
  columns_.expiries = block_.Has(kNoExpiry) ? nullptr : block_.expiries;
  columns_.key_width = block_.key_width;
  columns_.value_width = block_.value_width;
  columns_.max_sequence = block_.max_sequence;
  columns_.operation = static_cast<Operation>(block_.operation);
  columns_.owner = pin_;
}

void TableIterator::Prefetch(std::string_view key, unsigned wave) {
  if (table_->cache() == nullptr) return;
  if (wave == 0) {
    sought_key_.assign(key);
    sought_block_ = table_->FindBlock(key);
  }
  if (sought_block_ == table_->block_count()) return;
  if (wave < 2) return table_->PrefetchForSeek(sought_block_, wave);
  // The block's head has come: it becomes the current one, and the rows near the key are asked for.
  if (sought_block_ != block_index_) {
    if (window_.Holds(sought_block_) || !PinCached(sought_block_)) return;
    error_.reset();
    columns_block_ = kNoBlock;
    block_index_ = sought_block_;
  }
  block_.PrefetchNear(key);
}

void TableIterator::Seek(std::string_view key, SequenceNumber sequence) {
  // A seek may be the start of a scan of ten rows or of all: read ahead more with each window.
  StartWalk(0);
  const bool is_known = sought_block_ != kNoBlock && sought_key_ == key;
  std::size_t block = is_known ? sought_block_ : table_->FindBlock(key);
  if (!Enter(block, ScanDirection::kForward)) return;
  std::uint32_t row = block_.LowerBound(key, sequence);
  while (row == block_.rows) {
    // Older versions of the key may go on in the next block; any other key there is larger.
    const bool continues = block_.Has(kKeyRunContinues);
    if (++block == table_->block_count()) {
      valid_ = false;
      return;
    }
    if (!Enter(block, ScanDirection::kForward)) return;
    row = continues ? block_.LowerBound(key, sequence) : 0;
  }
  block_.PrefetchValues(row);
  MoveTo(row);
}

void TableIterator::SeekForPrev(std::string_view key, SequenceNumber sequence) {
  Seek(key, sequence);
  if (error_) return;
  if (!valid_) {
    SeekToLast();
  } else if (entry_.sequence != sequence || entry_.key != key) {
    Prev();
  }
}

void TableIterator::NextBlock() {
  if (block_index_ + 1 == table_->block_count()) {
    row_ = block_.rows - 1;
    valid_ = false;
    return;
  }
  const std::size_t next = block_index_ + 1;
  if (Enter(next, ScanDirection::kForward)) {
    MoveTo(0);
    if (next + 1 != table_->block_count()) PrefetchNeighbour(next + 1);
  } else if (options_.on_damage) {
    SkipDamage(next);
  }
}

void TableIterator::SkipDamage(std::size_t block) {
  while (error_) {
    const std::uint64_t offset =
        error_->offset() == Error::kNoOffset ? table_->entry(block).offset : error_->offset();
    options_.on_damage(offset, error_->message());
    error_.reset();
    if (++block == table_->block_count()) return;
    if (Enter(block, ScanDirection::kForward)) MoveTo(0);
  }
}

void TableIterator::PreviousBlock() {
  if (block_index_ == 0) {
    valid_ = false;
    return;
  }
  if (!Enter(block_index_ - 1, ScanDirection::kBackward)) return;
  MoveTo(block_.rows - 1);
  if (block_index_ != 0) PrefetchNeighbour(block_index_ - 1);
}

bool TableIterator::Enter(std::size_t block, ScanDirection direction) {
  error_.reset();
  if (block == block_index_) return true;
  columns_block_ = kNoBlock;
  auto loaded = Load(block, direction);
  if (loaded) {
    block_index_ = block;
    return true;
  }
  error_ = std::move(loaded).error();
  block_index_ = kNoBlock;
  valid_ = false;
  return false;
}

bool TableIterator::PinCached(std::size_t block) {
  const EpochGuard guard(table_->cache()->epochs());
  const CachedBlock* const cached = table_->FindCached(block, options_.fill_cache);
  if (cached == nullptr) return false;
  pin_ = cached->Pin();
  block_ = cached->block;
  return true;
}

// Starts loading the head of a block that a walk comes to next, and its first lines where they are
// if it is laid out as the current one.
void TableIterator::PrefetchNeighbour(std::size_t block) {
  // A walk of a few rows that happens to cross into a block ends there.
  if (pin_ == nullptr || ++walked_blocks_ < 2) return;
  constexpr std::size_t kWalkBytes = 1024;
  const void* const head = table_->AddressInCache(block);
  if (head == nullptr) return;
  const auto* const current = reinterpret_cast<const char*>(pin_.get());
  PrefetchLines(head, sizeof(CachedBlock));
  PrefetchLinesAt(head, block_.keys - current, kWalkBytes / 8);
  PrefetchLinesAt(head, block_.values - current, kWalkBytes);
}

Result<void> TableIterator::Load(std::size_t block, ScanDirection direction) {
  const bool has_cache = table_->cache() != nullptr;
  const bool fills_cache = has_cache && options_.fill_cache;
  const bool is_scan = IsScan();
  if (!window_.Holds(block)) {
    if (has_cache && PinCached(block)) return {};
    if (fills_cache && options_.read_ahead_bytes == 0 && !is_scan) {
      QUIVER_ASSIGN_OR_RETURN(pin_, table_->LoadIntoCache(block, {}));
      if (pin_ != nullptr) {
        ++loaded_blocks_;
        block_ = pin_->block;
        return {};
      }
    }
  }
  QUIVER_ASSIGN_OR_RETURN(const std::span<std::byte> stored,
                          window_.Fetch(block, read_ahead_bytes_, direction));
  const std::uint64_t ahead_max = is_scan ? kScanReadAheadBytes : options_.read_ahead_bytes;
  read_ahead_bytes_ = std::min<std::uint64_t>(
      ahead_max, std::max<std::uint64_t>(2 * read_ahead_bytes_, 2 * stored.size()));
  pin_.reset();
  if (fills_cache && (is_scan ? table_->AdmitsFromScan(block) : options_.read_ahead_bytes != 0)) {
    QUIVER_ASSIGN_OR_RETURN(pin_, table_->LoadIntoCache(block, stored));
    if (pin_ != nullptr) {
      block_ = pin_->block;
      return {};
    }
  }
  QUIVER_ASSIGN_OR_RETURN(const StoredBlock parsed,
                          StoredBlock::Parse(table_->geometry(), table_->entry(block), stored));
  if (!parsed.compressed()) {
    QUIVER_ASSIGN_OR_RETURN(block_, parsed.View());
    return {};
  }
  decoded_.Reset(parsed.decoded_bytes());
  QUIVER_ASSIGN_OR_RETURN(block_, parsed.Decode(decoded_.bytes(), DecodeScope::kAll));
  return {};
}

}  // namespace

std::unique_ptr<InternalIterator> NewTableIterator(std::shared_ptr<const TableReader> table,
                                                   const TableReadOptions& options) {
  return std::make_unique<TableIterator>(std::move(table), options);
}

}  // namespace quiver
