// IngestSort: puts the rows of an ingest into key order, in memory as long as they fit, else in
// sorted pieces on disk that are merged (an external merge sort).
//
// A piece is a table like any other whose sequence numbers are the numbers of the rows, so that
// entry order makes the last row of a key the first; after a crash the next open knows it as an
// orphan of ours.
//
//   rows ► memory ►(full) sort ► piece  piece … piece ►(kPiecesMax) merge ► larger piece
//                                    └──── merge of all ────► rows in order
//
// Invariants:
//  1. Memory: memory_bytes for rows, and a read-ahead buffer and an index for each open piece, of
//     which there are fewer than kPiecesMax for each time that the data grew kPiecesMax-fold.
//  2. The destructor removes every piece.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "compaction/compaction_job.h"
#include "compaction/job_run.h"

namespace quiver {

struct IngestRow {
  std::string_view key;
  std::string_view value;
  std::uint64_t expiry_us = 0;
};
/// Rows in ascending order of their keys.
using IngestSink = std::function<Result<void>(const IngestRow& row)>;

class IngestSort {
 public:
  static constexpr std::size_t kPiecesMax = 64;

  /// `context` must outlive the sort; has_expiry of its schema says whether rows may expire.
  IngestSort(const JobContext& context, std::uint64_t memory_bytes);
  ~IngestSort();
  IngestSort(const IngestSort&) = delete;
  IngestSort& operator=(const IngestSort&) = delete;

  Result<void> Add(const IngestRow& row);
  /// Hands out the last row of each key. May be called again, but no Add() after it.
  Result<void> ForEach(const IngestSink& sink);
  /// A key of which several rows were seen, once ForEach() has ended.
  bool has_duplicates() const noexcept { return has_duplicates_; }
  const std::string& duplicate_key() const noexcept { return duplicate_key_; }
  std::uint64_t spilled_bytes() const noexcept { return spilled_bytes_; }

 private:
  struct Item {
    std::uint64_t prefix;  ///< first bytes of the key: most comparisons need no more
    std::uint64_t row;
    std::uint64_t expiry_us;
    std::string_view key;
    std::string_view value;
  };
  using EntrySink = std::function<Result<void>(const EntryView&)>;

  void SortItems();
  void NoteDuplicate(std::string_view key);
  Result<void> Spill();
  Result<void> WritePiece(std::size_t tier,
                          const std::function<Result<void>(const EntrySink&)>& all);
  Result<void> MergePieces(const std::vector<TableSummary>& pieces, const EntrySink& sink);
  Result<void> MergeTier(std::size_t tier);
  void Remove(const std::vector<TableSummary>& pieces);

  const JobContext& context_;
  const std::uint64_t memory_bytes_;
  const CompactionMemory charged_;
  std::uint64_t rows_ = 0;
  std::unique_ptr<Arena> arena_;
  std::vector<Item> items_;
  bool sorted_ = false;
  std::vector<std::vector<TableSummary>> tiers_;
  std::uint64_t spilled_bytes_ = 0;
  bool has_duplicates_ = false;
  std::string duplicate_key_;
};

}  // namespace quiver
