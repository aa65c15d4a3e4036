// BlockBuilder: collects rows in columns and writes them as one record batch message.
//
// Body of a block (docs/formats/sstable.md):
//   BlockHeader, hash slots (uncompressed only), key offsets, keys, value offsets, values,
//   sequences, operations, expiries, validity of the values; each padded to 8.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arrow_ipc/buffer_codec.h"
#include "arrow_ipc/message_encoder.h"
#include "base/entry.h"
#include "sstable/table_layout.h"

namespace quiver {

class BlockBuilder {
 public:
  BlockBuilder(const TableSchema& schema, CompressionKind compression, std::int32_t level,
               std::uint32_t value_chunk_bytes);

  /// Adds a row. `first_of_key` is false if the row before has the same key. The caller keeps
  /// order, widths, kBlockRowsMax and 2 GiB of keys and of values.
  void Add(const EntryView& entry, std::uint64_t key_hash, bool first_of_key);

  std::uint32_t rows() const noexcept { return static_cast<std::uint32_t>(sequences_.size()); }
  bool empty() const noexcept { return sequences_.empty(); }
  /// Bytes of keys and values so far.
  std::uint64_t data_bytes() const noexcept { return keys_.size() + values_.size(); }

  /// Appends message and body to `out` and clears the builder. `seed` is the PlaceSeed of the
  /// block's place. Fills everything of the entry but its offset.
  BlockEntry Finish(bool key_run_continues, std::uint64_t seed, std::string& out);

  const arrow_ipc::RecordBatchTemplate& message() const noexcept { return template_; }

 private:
  struct HashedRow {
    std::uint64_t hash;
    std::uint32_t row;
  };
  BlockHeader MakeHeader(bool key_run_continues) const;
  void AppendHash(const BlockHeader& header, std::string& out) const;
  void AppendBody(std::size_t body_begin, std::string& out);
  void AppendBuffer(std::string_view raw, std::uint32_t chunk_bytes, std::size_t body_begin,
                    std::string& out);
  std::string Validity() const;
  void Clear();

  const TableSchema schema_;
  const CompressionKind compression_;
  const std::uint32_t value_chunk_bytes_;
  const arrow_ipc::RecordBatchTemplate template_;
  std::optional<arrow_ipc::BufferCodec> codec_;  ///< absent for kNone

  std::string keys_;
  std::string values_;
  std::vector<std::uint32_t> key_offsets_;    ///< one more than rows
  std::vector<std::uint32_t> value_offsets_;  ///< one more than rows
  std::vector<std::uint64_t> sequences_;
  std::vector<std::uint8_t> operations_;
  std::vector<std::uint64_t> expiries_;
  std::vector<HashedRow> hashed_rows_;  ///< the first row of each key
  bool uniform_keys_ = true;
  bool uniform_values_ = true;
  std::uint64_t null_count_ = 0;
  std::uint64_t expiry_bits_ = 0;  ///< or of all expiries
  std::uint32_t operations_mask_ = 0;
  std::uint64_t max_sequence_ = 0;
  std::uint64_t min_sequence_ = ~std::uint64_t{0};
  std::vector<arrow_ipc::BufferRange> ranges_;  ///< in the order of AppendBody
};

}  // namespace quiver
