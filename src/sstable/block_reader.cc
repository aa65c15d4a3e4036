// How a TableReader brings blocks into the cache.
#include <cstring>
#include <utility>

#include "base/epoch.h"
#include "base/prefetch.h"
#include "base/try.h"
#include "metrics/engine_metrics.h"
#include "sstable/aligned_buffer.h"
#include "sstable/block_window.h"
#include "sstable/table_reader.h"

namespace quiver {

namespace {

// Gives an unpublished block back unless it was published.
class Unpublished {
 public:
  Unpublished(const BlockCache::TableSlots& slots, CachedBlock* block) noexcept
      : slots_(slots), block_(block) {}
  ~Unpublished() {
    if (block_ != nullptr) slots_.Abandon(block_);
  }
  Unpublished(const Unpublished&) = delete;
  Unpublished& operator=(const Unpublished&) = delete;

  CachedBlock* get() const noexcept { return block_; }
  std::shared_ptr<const CachedBlock> Publish(std::size_t block) {
    return slots_.Publish(std::exchange(block_, nullptr), block);
  }

 private:
  const BlockCache::TableSlots& slots_;
  CachedBlock* block_;
};

std::uint64_t SamplesBytes(std::uint32_t rows) noexcept {
  return SampleWords(rows) * sizeof(std::uint64_t);
}

void AddSamples(CachedBlock& cached, std::size_t offset) noexcept {
  BuildSamples(cached.block, reinterpret_cast<std::uint64_t*>(cached.bytes().data() + offset));
}

// For what no reader has asked for: nothing else has to leave the cache for it.
bool HasRoomToSpare(const BlockCache& cache) noexcept {
  return cache.memory_bytes() + cache.capacity_bytes() / 8 < cache.capacity_bytes();
}

}  // namespace

CachedBlock* TableReader::FindCached(std::size_t block, bool touch) const noexcept {
  CachedBlock* const cached = slots_->Find(block);
  if (context_.metrics != nullptr) {
    (cached != nullptr ? context_.metrics->cache_hits : context_.metrics->cache_misses).Add();
  }
  if (cached != nullptr && touch) slots_->slot(block).Touch();
  return cached;
}

const void* TableReader::AddressInCache(std::size_t block) const noexcept {
  return slots_->Find(block);
}

void TableReader::PrefetchForSeek(std::size_t block, unsigned wave) const noexcept {
  if (wave == 0) return PrefetchLine(&slots_->slot(block));
  const EpochGuard guard(context_.cache->epochs());
  const CachedBlock* const cached = slots_->Find(block);
  if (cached == nullptr) return;
  cached->PrefetchHead();
  // Of a block that lies there as it was stored it is known where the samples are.
  if (geometry_.compression != CompressionKind::kNone) return;
  const BlockEntry& described = entry(block);
  PrefetchLines(
      reinterpret_cast<const char*>(cached) + sizeof(CachedBlock) + described.stored_bytes,
      SamplesBytes(described.rows));
}

bool TableReader::AdmitsFromScan(std::size_t block) const noexcept {
  return slots_->slot(block).TouchByScan() && HasRoomToSpare(*context_.cache);
}

std::uint64_t TableReader::cached_blocks() const {
  if (slots_ == nullptr) return 0;
  std::uint64_t cached = 0;
  for (std::size_t block = 0; block < block_count(); ++block) {
    cached += static_cast<std::uint64_t>(slots_->IsFilled(block));
  }
  return cached;
}

bool TableReader::LoadWhileRoom(const std::function<bool()>& cancelled) const {
  if (slots_ == nullptr) return false;
  constexpr std::uint64_t kReadBytes = std::uint64_t{256} << 10;
  BlockWindow window(*this);
  for (std::size_t block = 0; block < block_count(); ++block) {
    if (slots_->IsFilled(block)) continue;
    if (cancelled() || !HasRoomToSpare(*context_.cache)) return false;
    const auto stored = window.Fetch(block, kReadBytes, ScanDirection::kForward);
    if (!stored) return false;
    const auto loaded = LoadIntoCache(block, *stored);
    if (!loaded || *loaded == nullptr) return false;
  }
  return true;
}

Result<std::shared_ptr<const CachedBlock>> TableReader::LoadIntoCache(
    std::size_t block, std::span<std::byte> stored) const {
  const BlockEntry& described = entry(block);
  const std::uint64_t samples_bytes = SamplesBytes(described.rows);
  const std::size_t stored_bytes = described.stored_bytes;
  if (geometry_.compression == CompressionKind::kNone) {
    // The file's bytes go straight into the cache and are used there as they are.
    Unpublished cached(*slots_, slots_->Allocate(stored_bytes + samples_bytes));
    if (cached.get() == nullptr) return nullptr;
    const std::span<std::byte> bytes = cached.get()->bytes().first(stored_bytes);
    if (stored.empty()) {
      QUIVER_TRY(ReadStored(block, bytes));
    } else {
      std::memcpy(bytes.data(), stored.data(), stored_bytes);
    }
    QUIVER_ASSIGN_OR_RETURN(const StoredBlock parsed,
                            StoredBlock::Parse(geometry_, described, bytes));
    QUIVER_ASSIGN_OR_RETURN(cached.get()->block, parsed.View());
    AddSamples(*cached.get(), stored_bytes);
    return cached.Publish(block);
  }
  AlignedBuffer buffer;
  if (stored.empty()) {
    buffer.Reset(stored_bytes);
    stored = buffer.bytes();
    QUIVER_TRY(ReadStored(block, stored));
  }
  QUIVER_ASSIGN_OR_RETURN(const StoredBlock parsed,
                          StoredBlock::Parse(geometry_, described, stored));
  const std::size_t decoded_bytes = parsed.decoded_bytes();
  Unpublished cached(*slots_, slots_->Allocate(decoded_bytes + samples_bytes));
  if (cached.get() == nullptr) return nullptr;
  const std::span<std::byte> bytes = cached.get()->bytes().first(decoded_bytes);
  DataBlock& columns = cached.get()->block;
  QUIVER_ASSIGN_OR_RETURN(columns, parsed.Decode(bytes, DecodeScope::kAll));
  auto* const slots = reinterpret_cast<std::uint16_t*>(bytes.data());
  BuildHashSlots(columns, slots);
  columns.hash = slots;
  columns.hash_slots = HashSlotCount(columns.rows);
  columns.row_bits = RowBits(columns.rows);
  AddSamples(*cached.get(), decoded_bytes);
  return cached.Publish(block);
}

}  // namespace quiver
