// Streams that lie: what follows the end, messages that are none, and a schema that does not come
// first. Each is refused with its place; none is read in part as if it were whole.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "arrow_format_generated.h"
#include "arrow_ipc/file_builder_for_test.h"
#include "arrow_ipc/foreign_file.h"
#include "arrow_ipc/message_encoder.h"

namespace quiver::arrow_ipc {
namespace {

using testing::BuildFile;
using testing::BuiltFile;
using testing::StringReadableFile;

constexpr std::size_t kFileMagicBytes = 8;

Schema PairSchema() {
  return {{{"key", ColumnType::kBinary, 0, false}, {"value", ColumnType::kBinary, 0, false}}, {}};
}

// The messages of a stream of one batch with two rows, without the end.
struct Stream {
  std::string schema;
  std::string batch;
  std::string bytes() const { return schema + batch + std::string(kEndOfStream); }
};

Stream MakeStream() {
  const BuiltFile file =
      BuildFile(PairSchema(), CompressionKind::kNone, {{{"a", "b"}, {"1", "2"}}});
  const FooterBlock& block = file.blocks.at(0);
  return {file.bytes.substr(kFileMagicBytes, block.offset - kFileMagicBytes),
          file.bytes.substr(block.offset, block.metadata_bytes + block.body_bytes)};
}

Result<std::uint64_t> CountRows(const std::string& bytes) {
  const StringReadableFile file(bytes);
  auto reader = ForeignFileReader::Open(file);
  if (!reader) return Error(reader.error());
  return (*reader)->row_count();
}

void ExpectRefused(const std::string& bytes, std::uint64_t offset, std::string_view message) {
  const auto rows = CountRows(bytes);
  ASSERT_FALSE(rows.ok()) << "expected: " << message;
  EXPECT_EQ(rows.error().code(), ErrorCode::kCorruption) << rows.error().ToString();
  EXPECT_NE(rows.error().message().find(message), std::string::npos) << rows.error().ToString();
  EXPECT_EQ(rows.error().offset(), offset) << rows.error().ToString();
}

// A message with its prefix, as it stands in a stream.
std::string MessageOf(std::string flatbuffer) {
  flatbuffer.resize((flatbuffer.size() + 7) / 8 * 8, '\0');
  std::string bytes(8, '\xFF');
  StoreFixed(bytes.data() + 4, static_cast<std::uint32_t>(flatbuffer.size()));
  return bytes + flatbuffer;
}

std::string MessageWithoutHeader() {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(format::CreateMessage(builder, format::MetadataVersion::V5));
  return MessageOf({reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()});
}

TEST(ForeignStream, TheOneThatTheLiesStartFromIsValid) {
  const auto rows = CountRows(MakeStream().bytes());
  ASSERT_TRUE(rows.ok()) << rows.error().ToString();
  EXPECT_EQ(*rows, 2U);
}

TEST(ForeignStream, BytesBehindTheEndAreNoSilentLoss) {
  const Stream stream = MakeStream();
  const std::size_t end = stream.schema.size() + stream.batch.size();
  ExpectRefused(stream.bytes() + stream.batch, end, "bytes follow the end-of-stream marker");
  ExpectRefused(stream.bytes() + std::string(8, '\0'), end,
                "bytes follow the end-of-stream marker");
}

TEST(ForeignStream, TheSchemaComesFirstAndOnce) {
  const Stream stream = MakeStream();
  const std::string end(kEndOfStream);
  // What begins as a stream is read as one; a batch before the schema has no columns.
  ExpectRefused(stream.batch + stream.schema + end, 0, "the stream does not begin with a schema");
  ExpectRefused(stream.schema + stream.schema + end, stream.schema.size(),
                "the stream has a second schema");
}

TEST(ForeignStream, AMessageOfNoKindIsRefused) {
  const Stream stream = MakeStream();
  ExpectRefused(stream.schema + MessageWithoutHeader() + stream.batch + std::string(kEndOfStream),
                stream.schema.size(), "the message is no batch");
}

TEST(ForeignStream, BytesThatAreNoMessageAreRefused) {
  const Stream stream = MakeStream();
  ExpectRefused(stream.schema + MessageOf(std::string(64, '\xAA')) + std::string(kEndOfStream),
                stream.schema.size(), "the message is no valid flatbuffer");
}

TEST(ForeignStream, CutShortAnywhereItIsRefused) {
  const std::string whole = MakeStream().bytes();
  for (std::size_t size = 8; size < whole.size(); ++size) {
    EXPECT_FALSE(CountRows(whole.substr(0, size)).ok()) << size << " of " << whole.size();
  }
}

}  // namespace
}  // namespace quiver::arrow_ipc
