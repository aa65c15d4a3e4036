#include <utility>

#include "base/prefetch.h"
#include "base/try.h"
#include "metrics/engine_metrics.h"
#include "sstable/aligned_buffer.h"
#include "sstable/table_reader.h"

namespace quiver {

// A block of a get's own: the stored bytes and, of a compressed block, a copy in which at first
// everything but the values is decoded.
class TableReader::PointRead {
 public:
  static Result<std::shared_ptr<PointRead>> Read(const TableReader& table, std::size_t block);

  const DataBlock& block() const noexcept { return block_; }
  /// Decodes what ValueAt(row) will return.
  Result<void> DecodeValue(std::uint32_t row) const {
    if (!parsed_.compressed() || block_.OperationAt(row) == Operation::kDelete) return {};
    return parsed_.DecodeValues(block_, block_.ValueBegin(row), block_.ValueEnd(row));
  }
  PointRead(AlignedBuffer stored, const StoredBlock& parsed)
      : stored_(std::move(stored)), parsed_(parsed) {}

 private:
  AlignedBuffer stored_;
  AlignedBuffer decoded_;
  StoredBlock parsed_;
  DataBlock block_;
};

Result<std::shared_ptr<TableReader::PointRead>> TableReader::PointRead::Read(
    const TableReader& table, std::size_t block) {
  const BlockEntry& entry = table.entry(block);
  AlignedBuffer stored(entry.stored_bytes);
  QUIVER_TRY(table.ReadStored(block, stored.bytes()));
  QUIVER_ASSIGN_OR_RETURN(const StoredBlock parsed,
                          StoredBlock::Parse(table.geometry(), entry, stored.bytes()));
  auto read = std::make_shared<PointRead>(std::move(stored), parsed);
  if (!read->parsed_.compressed()) {
    QUIVER_ASSIGN_OR_RETURN(read->block_, read->parsed_.View());
    return read;
  }
  read->decoded_.Reset(read->parsed_.decoded_bytes());
  QUIVER_ASSIGN_OR_RETURN(
      read->block_, read->parsed_.Decode(read->decoded_.bytes(), DecodeScope::kWithoutValues));
  return read;
}

bool TableReader::MayContain(const LookupKey& key) const {
  if (!parts_.filter.present()) return true;
  return parts_.filter.MayContain(key.hash);
}

TableReader::Step TableReader::Search(const DataBlock& block, const LookupKey& key, bool continues,
                                      std::uint32_t& row) noexcept {
  if (continues) {
    row = 0;
  } else {
    row = block.hash != nullptr ? block.FindByHash(key.key, key.hash) : block.FindByOrder(key.key);
    if (row == kNoRow) return Step::kAbsent;
  }
  for (;;) {
    // In the first round after a hash hit the key is known to match.
    if (block.SequenceAt(row) <= key.sequence && (!continues || block.KeyAt(row) == key.key)) {
      return Step::kFound;
    }
    if (block.KeyAt(row) != key.key) return Step::kInvisible;
    continues = true;
    if (++row == block.rows) {
      return block.Has(kKeyRunContinues) ? Step::kNextBlock : Step::kInvisible;
    }
  }
}

void TableReader::PrefetchBlock(const CachedBlock& cached, const BlockSlot& slot,
                                const LookupKey& key) const noexcept {
  // The place of the hash slot follows from the row count in the block's slot, so that its line is
  // on the way together with the header's.
  const auto* const memory = reinterpret_cast<const char*>(&cached);
  PrefetchLine(memory);
  PrefetchLine(memory + hash_offset_ +
               2 * std::size_t{FirstHashSlot(key.hash, HashSlotCount(slot.rows))});
  PrefetchLine(memory + 64);
}

void TableReader::Answer(const DataBlock& block, std::uint32_t row, LookupAnswer& answer) noexcept {
  answer = {block.ValueAt(row), block.SequenceAt(row), block.OperationAt(row), block.ExpiryAt(row)};
}

Result<TableReader::Step> TableReader::SearchPrivately(std::size_t block, const LookupKey& key,
                                                       bool continues, TableAnswer& found) const {
  QUIVER_ASSIGN_OR_RETURN(const std::shared_ptr<PointRead> read, PointRead::Read(*this, block));
  std::uint32_t row = 0;
  const Step step = Search(read->block(), key, continues, row);
  if (step != Step::kFound) return step;
  QUIVER_TRY(read->DecodeValue(row));
  Answer(read->block(), row, found.answer);
  found.pin = read;
  return step;
}

Result<TableReader::Step> TableReader::SearchBlock(std::size_t block, const LookupKey& key,
                                                   const TableReadOptions& options, bool continues,
                                                   bool want_pin, TableAnswer& found) const {
  std::uint32_t row = 0;
  CachedBlock* const cached = slots_ == nullptr ? nullptr : slots_->Find(block);
  if (cached != nullptr) [[likely]] {
    BlockSlot& slot = slots_->slot(block);
    PrefetchBlock(*cached, slot, key);
    if (options.fill_cache) slot.Touch();
    const Step step = Search(cached->block, key, continues, row);
    if (step == Step::kFound) {
      Answer(cached->block, row, found.answer);
      if (want_pin) found.pin = cached->Pin();
    }
    if (context_.metrics != nullptr) context_.metrics->cache_hits.Add();
    return step;
  }
  if (context_.metrics != nullptr) context_.metrics->cache_misses.Add();
  if (slots_ != nullptr && options.fill_cache) {
    QUIVER_ASSIGN_OR_RETURN(std::shared_ptr<const CachedBlock> loaded, LoadIntoCache(block, {}));
    if (loaded != nullptr) {
      const Step step = Search(loaded->block, key, continues, row);
      if (step != Step::kFound) return step;
      Answer(loaded->block, row, found.answer);
      found.pin = std::move(loaded);
      return step;
    }
  }
  return SearchPrivately(block, key, continues, found);
}

// Counters are added to where nothing is left to load: an atomic addition lets no later load start
// before it and none before it be under way, and so would undo the overlap of cache misses. Until
// the filter's line is there, the processor runs ahead into the search as if it had passed.
bool TableReader::PassesFilter(const LookupKey& key) const {
  if (!parts_.filter.present() || parts_.filter.MayContain(key.hash)) return true;
  if (context_.metrics != nullptr) {
    context_.metrics->filter_checks.Add();
    context_.metrics->filter_useful.Add();
  }
  return false;
}

Result<bool> TableReader::GetFrom(std::size_t block, const LookupKey& key,
                                  const TableReadOptions& options, bool want_pin,
                                  TableAnswer& found) const {
  if (found.pin != nullptr) found.pin.reset();
  bool continues = false;
  Step step = Step::kNextBlock;
  while (step == Step::kNextBlock && block < block_count()) {
    QUIVER_ASSIGN_OR_RETURN(step, SearchBlock(block++, key, options, continues, want_pin, found));
    continues = true;
  }
  if (parts_.filter.present() && context_.metrics != nullptr) {
    context_.metrics->filter_checks.Add();
    if (step == Step::kAbsent) context_.metrics->filter_false_positives.Add();
  }
  return step == Step::kFound;
}

Result<bool> TableReader::Get(const LookupKey& key, const TableReadOptions& options, bool want_pin,
                              TableAnswer& found) const {
  if (!PassesFilter(key)) return false;
  return GetFrom(FindBlock(key.key), key, options, want_pin, found);
}

bool TableReader::Begin(const LookupKey& key, GetPlace& place) const {
  if (!PassesFilter(key)) return false;
  place = {.block = FindBlock(key.key)};
  if (slots_ != nullptr) PrefetchLine(&slots_->slot(place.block));
  return true;
}

void TableReader::Enter(const LookupKey& key, GetPlace& place) const {
  if (slots_ == nullptr || place.block == block_count()) return;
  place.cached = slots_->Find(place.block);
  if (place.cached == nullptr) return;
  place.cached->PrefetchHead();
  PrefetchBlock(*place.cached, slots_->slot(place.block), key);
}

void TableReader::Approach(const LookupKey& key, const GetPlace& place) const {
  if (place.cached == nullptr) return;
  const DataBlock& block = place.cached->block;
  if (block.hash != nullptr) block.PrefetchByHash(key.hash);
}

Result<bool> TableReader::Finish(const LookupKey& key, const GetPlace& place,
                                 const TableReadOptions& options, bool want_pin,
                                 TableAnswer& found) const {
  return GetFrom(place.block, key, options, want_pin, found);
}

}  // namespace quiver
