// ArrowBatchBuilder: gathers rows into the columns of one Arrow batch.
//
// The memory of released batches is used again: a reader that takes one batch after the other then
// works in memory that the caches know and that causes no page faults.
//
// Invariant: offsets fit int32: the caller ends a batch before kDataBytesMax, and one more row has
// at most 64 KiB of key and 512 MiB of value.
//
// Thread safety: one thread at a time; finished batches may be released by any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "arrow_ipc/c_data.h"
#include "db/column_buffer.h"
#include "iterator/entry_columns.h"
#include "quiver/types.h"

namespace quiver {

/// Which columns a stream shows, in this order.
struct ArrowProjection {
  bool key = true;
  bool value = true;
  bool sequence = false;
};

class ArrowBatchBuilder {
 public:
  /// A batch whose keys and values have reached this much must be finished.
  static constexpr std::uint64_t kDataBytesMax = std::uint64_t{256} << 20;

  explicit ArrowBatchBuilder(const ArrowProjection& projection);
  ~ArrowBatchBuilder();
  ArrowBatchBuilder(const ArrowBatchBuilder&) = delete;
  ArrowBatchBuilder& operator=(const ArrowBatchBuilder&) = delete;

  std::uint64_t rows() const noexcept { return rows_; }
  /// Bytes of keys and values in the batch so far.
  std::uint64_t data_bytes() const noexcept;

  void AddRow(std::string_view key, std::string_view value, SequenceNumber sequence);

  /// The rows [span.begin, span.begin + rows), all of them puts. `rows` is at least 1.
  void AddRows(const EntrySpan& span, std::uint32_t rows);

  /// The rows added since the last call, as a batch; empty if there are none.
  arrow_ipc::CDataBatch Finish();

 private:
  struct BinaryColumn;
  struct Memory;
  class Pool;

  const ArrowProjection projection_;
  const std::shared_ptr<Pool> pool_;
  std::unique_ptr<Memory> memory_;
  std::uint64_t rows_ = 0;
};

}  // namespace quiver
