// View columns of foreign files: cells inside the view and in data buffers, and views that lie.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow_format_generated.h"
#include "arrow_ipc/buffer_codec.h"
#include "arrow_ipc/file_builder_for_test.h"
#include "arrow_ipc/foreign_file.h"
#include "base/coding.h"

namespace quiver::arrow_ipc {
namespace {

using flatbuffers::FlatBufferBuilder;
using testing::StringReadableFile;

/// What stands in the batch of a file with the columns key (BinaryView) and value (Utf8View).
struct ViewBatch {
  std::int64_t rows = 3;
  std::vector<std::int64_t> nulls = {0, 1};
  std::vector<std::string> buffers;  ///< in order, not compressed
  std::vector<std::int64_t> variadic_counts = {2, 1};
};

std::string InlineView(std::string_view bytes) {
  std::string view;
  AppendFixed<std::int32_t>(view, static_cast<std::int32_t>(bytes.size()));
  view += bytes;
  view.resize(16, '\0');
  return view;
}

std::string LongView(std::string_view bytes, std::int32_t buffer, std::int32_t offset) {
  std::string view;
  AppendFixed<std::int32_t>(view, static_cast<std::int32_t>(bytes.size()));
  view += bytes.substr(0, 4);
  AppendFixed<std::int32_t>(view, buffer);
  AppendFixed<std::int32_t>(view, offset);
  return view;
}

constexpr std::string_view kFirst = "a key of more than twelve bytes";
constexpr std::string_view kSecond = "another key in the other buffer";
constexpr std::string_view kValue = "a value that is longer than a view";

ViewBatch ValidBatch() {
  ViewBatch batch;
  const std::string keys =
      LongView(kSecond, 1, 2) + InlineView("twelve bytes") + LongView(kFirst, 0, 0);
  const std::string garbage(16, '\x7F');  // the view of a null means nothing
  const std::string values = LongView(kValue, 0, 5) + garbage + InlineView("");
  batch.buffers = {"",     keys,   std::string(kFirst),          "xx" + std::string(kSecond),
                   "\x05", values, "12345" + std::string(kValue)};
  return batch;
}

flatbuffers::Offset<format::Schema> BuildSchema(FlatBufferBuilder& builder) {
  const auto key =
      format::CreateField(builder, builder.CreateString("key"), false, format::Type::BinaryView,
                          format::CreateBinaryView(builder).Union());
  const auto value =
      format::CreateField(builder, builder.CreateString("value"), true, format::Type::Utf8View,
                          format::CreateUtf8View(builder).Union());
  const auto fields = builder.CreateVector({key, value});
  return format::CreateSchema(builder, format::Endianness::Little, fields);
}

std::string BytesOf(const FlatBufferBuilder& builder) {
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

std::string Encapsulate(const FlatBufferBuilder& builder) {
  std::string message;
  const std::string bytes = BytesOf(builder);
  AppendFixed<std::uint32_t>(message, 0xFFFFFFFF);
  AppendFixed<std::uint32_t>(message, static_cast<std::uint32_t>(AlignUp(bytes.size(), 8)));
  message += bytes;
  testing::Pad(message);
  return message;
}

std::string BuildFile(const ViewBatch& batch, CompressionKind compression) {
  BufferCodec codec(compression, 1);
  std::string body;
  std::vector<format::Buffer> buffers;
  for (const std::string& raw : batch.buffers) {
    const std::size_t begin = body.size();
    codec.Append(raw, 0, body);
    buffers.emplace_back(static_cast<std::int64_t>(begin),
                         static_cast<std::int64_t>(body.size() - begin));
    testing::Pad(body);
  }
  std::vector<format::FieldNode> nodes;
  for (const std::int64_t nulls : batch.nulls) nodes.emplace_back(batch.rows, nulls);

  FlatBufferBuilder schema;
  schema.Finish(format::CreateMessage(schema, format::MetadataVersion::V5,
                                      format::MessageHeader::Schema, BuildSchema(schema).Union()));
  FlatBufferBuilder record;
  flatbuffers::Offset<format::BodyCompression> body_compression;
  if (compression != CompressionKind::kNone) {
    body_compression = format::CreateBodyCompression(
        record, compression == CompressionKind::kLz4 ? format::CompressionType::LZ4_FRAME
                                                     : format::CompressionType::ZSTD);
  }
  const auto node_vector = record.CreateVectorOfStructs(nodes);
  const auto buffer_vector = record.CreateVectorOfStructs(buffers);
  const auto count_vector = record.CreateVector(batch.variadic_counts);
  const auto header = format::CreateRecordBatch(record, batch.rows, node_vector, buffer_vector,
                                                body_compression, count_vector);
  record.Finish(format::CreateMessage(record, format::MetadataVersion::V5,
                                      format::MessageHeader::RecordBatch, header.Union(),
                                      static_cast<std::int64_t>(body.size())));
  std::string file(kFileMagic);
  file += Encapsulate(schema);
  const std::string message = Encapsulate(record);
  const std::vector<format::Block> blocks = {{static_cast<std::int64_t>(file.size()),
                                              static_cast<std::int32_t>(message.size()),
                                              static_cast<std::int64_t>(body.size())}};
  file += message + body;
  file += kEndOfStream;
  FlatBufferBuilder footer;
  const auto footer_schema = BuildSchema(footer);
  footer.Finish(format::CreateFooter(footer, format::MetadataVersion::V5, footer_schema, 0,
                                     footer.CreateVectorOfStructs(blocks)));
  file += BytesOf(footer);
  AppendFixed<std::uint32_t>(file, footer.GetSize());
  return file + "ARROW1";
}

using Row = std::pair<std::string, std::optional<std::string>>;

Result<std::vector<Row>> ReadAll(const ViewBatch& batch, CompressionKind compression) {
  const StringReadableFile file(BuildFile(batch, compression));
  const auto reader = ForeignFileReader::Open(file);
  if (!reader) return Error(reader.error());
  std::vector<Row> rows;
  const auto read =
      (*reader)->ReadRows("key", "value", [&](const Cell& key, const Cell& value) -> Result<bool> {
        rows.emplace_back(key.bytes,
                          value.null ? std::nullopt : std::optional(std::string(value.bytes)));
        return true;
      });
  if (!read) return Error(read.error());
  return rows;
}

TEST(ForeignViews, CellsInTheViewAndInAnyDataBufferAreReadWithEveryCodec) {
  const std::vector<Row> expected = {{std::string(kSecond), std::string(kValue)},
                                     {"twelve bytes", std::nullopt},
                                     {std::string(kFirst), ""}};
  for (const auto codec : {CompressionKind::kNone, CompressionKind::kLz4, CompressionKind::kZstd}) {
    const auto rows = ReadAll(ValidBatch(), codec);
    ASSERT_TRUE(rows.ok()) << rows.error().ToString();
    EXPECT_EQ(*rows, expected);
  }
}

TEST(ForeignViews, ViewsThatLieAreCorruption) {
  const auto refused = [](const std::function<void(ViewBatch&)>& lie, std::string_view message) {
    ViewBatch batch = ValidBatch();
    lie(batch);
    const auto rows = ReadAll(batch, CompressionKind::kNone);
    ASSERT_FALSE(rows.ok()) << "expected: " << message;
    EXPECT_EQ(rows.error().code(), ErrorCode::kCorruption);
    EXPECT_NE(rows.error().message().find(message), std::string::npos) << rows.error().ToString();
  };
  std::string& (*const keys)(ViewBatch&) = [](ViewBatch& batch) -> std::string& {
    return batch.buffers[1];
  };
  const auto first_key = [&](const std::string& view) {
    return [&keys, view](ViewBatch& batch) { keys(batch).replace(0, 16, view); };
  };
  refused(first_key(LongView(kSecond, 2, 0)), "view 0 points into data buffer 2 of 2");
  refused(first_key(LongView(kSecond, -1, 0)), "view 0 points into data buffer");
  refused(first_key(LongView(kSecond, 1, 3)), "view 0 has 31 bytes at 3 of a data buffer of 33");
  refused(first_key(LongView(kSecond, 1, -1)), "of a data buffer of 33");
  refused(first_key(LongView(kSecond, 1, 1)), "view 0 does not begin with its data");
  std::string negative = LongView(kSecond, 1, 2);
  StoreFixed<std::int32_t>(negative.data(), -1);
  refused(first_key(negative), "of a data buffer of 33");
  refused([&](ViewBatch& batch) { keys(batch).resize(47); }, "47 bytes of data for 3 rows of 16");
  refused([](ViewBatch& batch) { batch.variadic_counts = {1, 1}; }, "buffers, the schema needs");
  refused([](ViewBatch& batch) { batch.variadic_counts = {2}; }, "the batch counts the buffers of");
  refused([](ViewBatch& batch) { batch.variadic_counts = {1, 2}; }, "data buffer 1 of 1");
}

}  // namespace
}  // namespace quiver::arrow_ipc
