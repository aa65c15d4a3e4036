#include "compaction/ingest_sort.h"

#include <algorithm>
#include <utility>

#include "base/coding.h"
#include "base/try.h"
#include "iterator/merging_iterator.h"
#include "sstable/table.h"

namespace quiver {

namespace {

constexpr std::uint32_t kPieceReadAheadBytes = 256U << 10;

}  // namespace

IngestSort::IngestSort(const JobContext& context, std::uint64_t memory_bytes)
    : context_(context),
      memory_bytes_(memory_bytes),
      charged_(context.ledger, memory_bytes),
      arena_(std::make_unique<Arena>()) {}

IngestSort::~IngestSort() {
  for (const auto& tier : tiers_) Remove(tier);
}

Result<void> IngestSort::Add(const IngestRow& row) {
  const std::size_t bytes = row.key.size() + row.value.size();
  const std::uint64_t used = arena_->memory_bytes() + items_.size() * sizeof(Item);
  if (!items_.empty() && used + bytes + sizeof(Item) > memory_bytes_) QUIVER_TRY(Spill());
  auto* const copy = reinterpret_cast<char*>(arena_->Allocate(bytes));
  row.key.copy(copy, row.key.size());
  row.value.copy(copy + row.key.size(), row.value.size());
  items_.push_back({.prefix = KeyPrefix(row.key),
                    .row = ++rows_,
                    .expiry_us = row.expiry_us,
                    .key = {copy, row.key.size()},
                    .value = {copy + row.key.size(), row.value.size()}});
  return {};
}

void IngestSort::SortItems() {
  if (std::exchange(sorted_, true)) return;
  std::ranges::sort(items_, [](const Item& a, const Item& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return CompareEntry(a.key, a.row, b.key, b.row) < 0;
  });
}

void IngestSort::NoteDuplicate(std::string_view key) {
  if (!std::exchange(has_duplicates_, true)) duplicate_key_.assign(key);
}

Result<void> IngestSort::Spill() {
  QUIVER_TRY(CheckCancelled(context_));
  SortItems();
  const auto all = [&](const EntrySink& sink) -> Result<void> {
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const Item& item = items_[i];
      if (i != 0 && item.key == items_[i - 1].key) {
        NoteDuplicate(item.key);
        continue;
      }
      QUIVER_TRY(sink({item.key, item.value, item.row, Operation::kPut, item.expiry_us}));
    }
    return {};
  };
  QUIVER_TRY(WritePiece(0, all));
  items_.clear();
  sorted_ = false;
  arena_ = std::make_unique<Arena>();
  for (std::size_t tier = 0; tier < tiers_.size(); ++tier) {
    if (tiers_[tier].size() == kPiecesMax) QUIVER_TRY(MergeTier(tier));
  }
  return {};
}

Result<void> IngestSort::WritePiece(std::size_t tier,
                                    const std::function<Result<void>(const EntrySink&)>& all) {
  TableWriterOptions options;
  options.database_id = context_.database_id;
  options.keyspace = context_.keyspace;
  options.schema = context_.schema;
  options.block_size_bytes = context_.config->block_size_bytes;
  options.value_chunk_bytes = context_.config->value_chunk_bytes;
  options.filter_bits_per_key = 0;
  options.verify_output = context_.config->verify_output;
  options.created_s = context_.clock->WallMicros() / 1'000'000;
  options.rate_limiter = context_.rate_limiter;
  options.cancelled = context_.cancelled;
  QUIVER_ASSIGN_OR_RETURN(
      const auto writer,
      TableWriter::Create(*context_.directory, context_.new_file_number(), options));
  QUIVER_TRY(all([&](const EntryView& entry) { return writer->Add(entry); }));
  QUIVER_ASSIGN_OR_RETURN(TableSummary piece, writer->Finish());
  spilled_bytes_ += piece.size_bytes;
  if (tier >= tiers_.size()) tiers_.resize(tier + 1);
  tiers_[tier].push_back(std::move(piece));
  return {};
}

Result<void> IngestSort::MergePieces(const std::vector<TableSummary>& pieces,
                                     const EntrySink& sink) {
  TableContext tables;
  tables.directory = context_.directory;
  tables.database_id = context_.database_id;
  tables.ledger = context_.ledger;
  std::vector<std::unique_ptr<InternalIterator>> children;
  for (const TableSummary& piece : pieces) {
    QUIVER_ASSIGN_OR_RETURN(const auto table, Table::Open(tables, piece));
    children.push_back(
        table->NewIterator({.fill_cache = false, .read_ahead_bytes = kPieceReadAheadBytes}));
  }
  const auto merged = NewMergingIterator(std::move(children));
  std::string last_key;
  bool first = true;
  std::uint64_t rows = 0;
  for (merged->SeekToFirst(); merged->Valid(); merged->Next()) {
    if (++rows % 1024 == 0) QUIVER_TRY(CheckCancelled(context_));
    const EntryView& entry = merged->entry();
    if (!first && entry.key == last_key) {
      NoteDuplicate(entry.key);
      continue;
    }
    first = false;
    last_key.assign(entry.key);
    QUIVER_TRY(sink(entry));
  }
  return merged->status();
}

Result<void> IngestSort::MergeTier(std::size_t tier) {
  std::vector<TableSummary> pieces = std::exchange(tiers_[tier], {});
  const Result<void> merged =
      WritePiece(tier + 1, [&](const EntrySink& sink) { return MergePieces(pieces, sink); });
  Remove(pieces);
  return merged;
}

void IngestSort::Remove(const std::vector<TableSummary>& pieces) {
  for (const TableSummary& piece : pieces) {
    // What cannot be removed now is an orphan that the next open removes.
    (void)context_.directory->Remove(TableName(piece.number));
  }
}

Result<void> IngestSort::ForEach(const IngestSink& sink) {
  if (tiers_.empty()) {
    SortItems();
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const Item& item = items_[i];
      if (i != 0 && item.key == items_[i - 1].key) {
        NoteDuplicate(item.key);
        continue;
      }
      QUIVER_TRY(sink({item.key, item.value, item.expiry_us}));
    }
    return {};
  }
  if (!items_.empty()) QUIVER_TRY(Spill());
  std::vector<TableSummary> pieces;
  for (const auto& tier : tiers_) pieces.insert(pieces.end(), tier.begin(), tier.end());
  return MergePieces(pieces, [&](const EntryView& entry) {
    return sink({entry.key, entry.value, entry.expiry_us});
  });
}

}  // namespace quiver
