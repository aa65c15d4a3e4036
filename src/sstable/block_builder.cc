#include "sstable/block_builder.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/hash.h"
#include "sstable/data_block.h"

namespace quiver {

namespace {

template <typename T>
std::string_view BytesOfVector(const std::vector<T>& items) noexcept {
  return {reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T)};
}

void PadTo8(std::string& out, std::size_t begin) {
  out.resize(begin + AlignUp(out.size() - begin, 8), '\0');
}

// A block of one huge value must not keep its memory for the small ones that follow.
void ClearAndTrim(std::string& buffer) {
  constexpr std::size_t kKeepBytes = std::size_t{4} << 20;
  buffer.clear();
  if (buffer.capacity() > kKeepBytes) buffer.shrink_to_fit();
}

}  // namespace

BlockBuilder::BlockBuilder(const TableSchema& schema, CompressionKind compression,
                           std::int32_t level, std::uint32_t value_chunk_bytes)
    : schema_(schema),
      compression_(compression),
      value_chunk_bytes_(compression == CompressionKind::kNone ? 0 : value_chunk_bytes),
      template_(ArrowSchemaOf(schema), compression),
      key_offsets_{0},
      value_offsets_{0} {
  if (compression != CompressionKind::kNone) codec_.emplace(compression, level);
}

void BlockBuilder::Add(const EntryView& entry, std::uint64_t key_hash, bool first_of_key) {
  const std::uint32_t row = rows();
  if (first_of_key || row == 0) hashed_rows_.push_back({key_hash, row});
  keys_.append(entry.key);
  std::size_t value_bytes = entry.value.size();
  if (entry.operation == Operation::kDelete) {
    ++null_count_;
    // The slot of a null in a column of fixed width takes its width all the same.
    value_bytes = schema_.value_width_bytes;
    values_.append(value_bytes, '\0');
  } else {
    values_.append(entry.value);
  }
  uniform_keys_ &= row == 0 || key_offsets_[1] == entry.key.size();
  uniform_values_ &= row == 0 || value_offsets_[1] == value_bytes;
  key_offsets_.push_back(static_cast<std::uint32_t>(keys_.size()));
  value_offsets_.push_back(static_cast<std::uint32_t>(values_.size()));
  sequences_.push_back(entry.sequence);
  operations_.push_back(static_cast<std::uint8_t>(entry.operation));
  if (schema_.has_expiry) expiries_.push_back(entry.expiry_us);
  expiry_bits_ |= entry.expiry_us;
  operations_mask_ |= 1U << static_cast<unsigned>(entry.operation);
  max_sequence_ = std::max(max_sequence_, entry.sequence);
  min_sequence_ = std::min(min_sequence_, entry.sequence);
}

BlockHeader BlockBuilder::MakeHeader(bool key_run_continues) const {
  BlockHeader header;
  header.rows = rows();
  header.key_bytes = static_cast<std::uint32_t>(keys_.size());
  header.value_bytes = static_cast<std::uint32_t>(values_.size());
  std::uint32_t flags = 0;
  if (uniform_keys_) {
    flags |= kUniformKeys;
    header.key_width = key_offsets_[1];
  }
  if (uniform_values_) {
    flags |= kUniformValues;
    header.value_width = value_offsets_[1];
  }
  if (max_sequence_ == min_sequence_) flags |= kConstantSequence;
  if (std::has_single_bit(operations_mask_)) {
    flags |= kConstantOperation;
    header.operation = operations_[0];
  }
  if (null_count_ > 0) flags |= kHasNulls;
  if (compression_ == CompressionKind::kNone) {
    flags |= kHasHash;
    header.hash_slots = HashSlotCount(header.rows);
    header.row_bits = RowBits(header.rows);
  }
  if (key_run_continues) flags |= kKeyRunContinues;
  if (expiry_bits_ == 0) flags |= kNoExpiry;
  header.flags = static_cast<std::uint16_t>(flags);
  header.value_chunk_bytes = value_chunk_bytes_;
  header.operations_mask = operations_mask_;
  header.max_sequence = max_sequence_;
  header.min_sequence = min_sequence_;
  return header;
}

void BlockBuilder::AppendHash(const BlockHeader& header, std::string& out) const {
  std::vector<std::uint16_t> slots(header.hash_slots, kEmptyHashSlot);
  for (const HashedRow& hashed : hashed_rows_) {
    InsertHashSlot(slots.data(), header.hash_slots, header.row_bits, hashed.hash, hashed.row);
  }
  out.append(BytesOfVector(slots));
}

void BlockBuilder::AppendBuffer(std::string_view raw, std::uint32_t chunk_bytes,
                                std::size_t body_begin, std::string& out) {
  const std::size_t begin = out.size();
  if (codec_) {
    codec_->Append(raw, chunk_bytes, out);
  } else {
    out.append(raw);
  }
  ranges_.push_back({begin - body_begin, out.size() - begin});
  PadTo8(out, body_begin);
}

std::string BlockBuilder::Validity() const {
  std::string bits((rows() + 7) / 8, '\0');
  for (std::uint32_t row = 0; row < rows(); ++row) {
    if (static_cast<Operation>(operations_[row]) == Operation::kDelete) continue;
    bits[row / 8] = static_cast<char>(bits[row / 8] | (1 << (row % 8)));
  }
  return bits;
}

void BlockBuilder::AppendBody(std::size_t body_begin, std::string& out) {
  ranges_.clear();
  if (schema_.key_width_bytes == 0) {
    AppendBuffer(BytesOfVector(key_offsets_), 0, body_begin, out);
  }
  AppendBuffer(keys_, 0, body_begin, out);
  if (schema_.value_width_bytes == 0) {
    AppendBuffer(BytesOfVector(value_offsets_), 0, body_begin, out);
  }
  AppendBuffer(values_, value_chunk_bytes_, body_begin, out);
  AppendBuffer(BytesOfVector(sequences_), 0, body_begin, out);
  AppendBuffer(BytesOfVector(operations_), 0, body_begin, out);
  if (schema_.has_expiry) AppendBuffer(BytesOfVector(expiries_), 0, body_begin, out);
  AppendBuffer(null_count_ > 0 ? Validity() : std::string(), 0, body_begin, out);
}

BlockEntry BlockBuilder::Finish(bool key_run_continues, std::uint64_t seed, std::string& out) {
  QUIVER_CHECK(!empty());
  const std::size_t begin = out.size();
  const std::size_t body_begin = begin + template_.size_bytes();
  out.resize(body_begin, '\0');
  const BlockHeader header = MakeHeader(key_run_continues);
  out.append(BytesOf(header));
  if (header.hash_slots > 0) AppendHash(header, out);
  PadTo8(out, body_begin);
  AppendBody(body_begin, out);

  // Arrow wants the buffers in the order of the schema, where validity comes first: all columns
  // but the values have none.
  std::vector<arrow_ipc::BufferRange> buffers;
  const arrow_ipc::BufferRange none{ranges_.front().offset, 0};
  auto written = ranges_.begin();
  const auto take = [&] { buffers.push_back(*written++); };
  buffers.push_back(none);
  if (schema_.key_width_bytes == 0) take();
  take();
  buffers.push_back(null_count_ > 0 ? ranges_.back() : none);
  if (schema_.value_width_bytes == 0) take();
  take();
  for (int column = 0; column < (schema_.has_expiry ? 3 : 2); ++column) {
    buffers.push_back(none);
    take();
  }

  std::vector<std::uint64_t> null_counts(schema_.has_expiry ? 5 : 4, 0);
  null_counts[1] = null_count_;
  template_.Stamp(out.data() + begin, header.rows, out.size() - body_begin, null_counts, buffers);

  BlockEntry entry;
  entry.stored_bytes = static_cast<std::uint32_t>(out.size() - begin);
  entry.rows = header.rows;
  entry.checksum = Checksum({out.data() + begin, entry.stored_bytes}, seed);
  StoreFixed(out.data() + body_begin + offsetof(BlockHeader, checksum), entry.checksum);
  Clear();
  return entry;
}

void BlockBuilder::Clear() {
  ClearAndTrim(keys_);
  ClearAndTrim(values_);
  key_offsets_.resize(1);
  value_offsets_.resize(1);
  sequences_.clear();
  operations_.clear();
  expiries_.clear();
  hashed_rows_.clear();
  uniform_keys_ = true;
  uniform_values_ = true;
  null_count_ = 0;
  expiry_bits_ = 0;
  operations_mask_ = 0;
  max_sequence_ = 0;
  min_sequence_ = ~std::uint64_t{0};
}

}  // namespace quiver
