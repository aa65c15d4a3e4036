// Arrow IPC files of any schema of this floor, built in memory for tests, and files that live in
// a string.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow_ipc/arrow_schema.h"
#include "arrow_ipc/buffer_codec.h"
#include "arrow_ipc/message_encoder.h"
#include "base/coding.h"
#include "io/file.h"

namespace quiver::arrow_ipc::testing {

/// Keeps its bytes in an allocation of exactly their size, so that the address sanitizer sees any
/// read beyond them.
class StringReadableFile final : public io::ReadableFile {
 public:
  explicit StringReadableFile(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) {}

  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override {
    largest_read_ = std::max<std::uint64_t>(largest_read_, buffer.size());
    if (offset >= bytes_.size()) return std::size_t{0};
    const std::size_t size = std::min<std::size_t>(buffer.size(), bytes_.size() - offset);
    std::memcpy(buffer.data(), bytes_.data() + offset, size);
    return size;
  }
  std::uint64_t size_bytes() const override { return bytes_.size(); }
  const std::string& name() const override { return name_; }
  std::uint64_t largest_read() const { return largest_read_; }

 private:
  std::vector<char> bytes_;
  std::string name_ = "test.arrow";
  mutable std::uint64_t largest_read_ = 0;
};

/// Fails from byte `fail_at` on.
class StringWritableFile final : public io::WritableFile {
 public:
  explicit StringWritableFile(std::uint64_t fail_at = ~std::uint64_t{0}) : fail_at_(fail_at) {}

  Result<void> Append(std::string_view bytes) override {
    if (bytes_.size() + bytes.size() > fail_at_) return Error(ErrorCode::kNoSpace, "disk full");
    bytes_.append(bytes);
    return {};
  }
  Result<void> Sync() override {
    ++syncs_;
    return {};
  }
  Result<void> Close() override { return {}; }
  std::uint64_t size_bytes() const override { return bytes_.size(); }
  const std::string& name() const override { return name_; }
  const std::string& bytes() const { return bytes_; }
  int syncs() const { return syncs_; }

 private:
  std::uint64_t fail_at_;
  std::string bytes_;
  std::string name_ = "written.arrow";
  int syncs_ = 0;
};

/// nullopt is a null.
using TestCell = std::optional<std::string>;
/// A batch: the cells of each column.
using TestBatch = std::vector<std::vector<TestCell>>;

struct BuiltFile {
  std::string bytes;
  std::vector<FooterBlock> blocks;
};

inline std::string ValidityBitmap(const std::vector<TestCell>& cells) {
  std::string bitmap((cells.size() + 7) / 8, '\0');
  for (std::size_t row = 0; row < cells.size(); ++row) {
    if (cells[row]) bitmap[row / 8] = static_cast<char>(bitmap[row / 8] | (1 << (row % 8)));
  }
  return bitmap;
}

/// The buffers of a column, not yet compressed. A column without nulls gets no bitmap.
inline std::vector<std::string> ColumnBuffers(const Column& column,
                                              const std::vector<TestCell>& cells) {
  const bool large =
      column.type == ColumnType::kLargeBinary || column.type == ColumnType::kLargeUtf8;
  const bool nulls = std::ranges::any_of(cells, [](const TestCell& cell) { return !cell; });
  std::string offsets(large ? 8 : 4, '\0');
  std::string data;
  for (const TestCell& cell : cells) {
    data.append(cell.value_or(std::string(column.width_bytes, '\0')));
    if (large) {
      AppendFixed<std::int64_t>(offsets, static_cast<std::int64_t>(data.size()));
    } else {
      AppendFixed<std::int32_t>(offsets, static_cast<std::int32_t>(data.size()));
    }
  }
  const std::string validity = nulls ? ValidityBitmap(cells) : std::string();
  if (BufferCount(column.type) == 2) return {validity, data};
  return {validity, offsets, data};
}

inline void Pad(std::string& bytes) {
  bytes.resize(AlignUp(bytes.size(), 8), '\0');
}

inline BuiltFile BuildFile(const Schema& schema, CompressionKind compression,
                           const std::vector<TestBatch>& batches, std::uint32_t chunk_bytes = 0) {
  BuiltFile file;
  file.bytes = kFileMagic;
  file.bytes += EncodeSchemaMessage(schema);
  const RecordBatchTemplate batch_template(schema, compression);
  BufferCodec codec(compression, 1);
  for (const TestBatch& batch : batches) {
    std::string body;
    std::vector<BufferRange> ranges;
    std::vector<std::uint64_t> null_counts;
    for (std::size_t i = 0; i < schema.columns.size(); ++i) {
      for (const std::string& buffer : ColumnBuffers(schema.columns[i], batch[i])) {
        const std::uint64_t begin = body.size();
        codec.Append(buffer, chunk_bytes, body);
        ranges.push_back({begin, body.size() - begin});
        Pad(body);
      }
      null_counts.push_back(static_cast<std::uint64_t>(
          std::ranges::count_if(batch[i], [](const TestCell& cell) { return !cell; })));
    }
    file.blocks.push_back({file.bytes.size(), batch_template.size_bytes(), body.size()});
    std::string message(batch_template.size_bytes(), '\0');
    batch_template.Stamp(message.data(), batch.empty() ? 0 : batch[0].size(), body.size(),
                         null_counts, ranges);
    file.bytes += message + body;
  }
  file.bytes += kEndOfStream;
  file.bytes += EncodeFileTail(schema, file.blocks);
  return file;
}

}  // namespace quiver::arrow_ipc::testing
