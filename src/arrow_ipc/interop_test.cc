// Our files before other people's readers, and their files before ours.
#include "testing/interop.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "arrow_ipc/file_builder_for_test.h"
#include "arrow_ipc/foreign_file.h"
#include "base/random.h"
#include "testing/row_digest.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"

namespace quiver::arrow_ipc {
namespace {

using quiver::testing::CommandResult;
using quiver::testing::JsonField;
using quiver::testing::NodeCommand;
using quiver::testing::PythonCommand;
using quiver::testing::RowDigest;
using quiver::testing::RunCommand;
using testing::BuildFile;
using testing::StringReadableFile;
using testing::StringWritableFile;
using testing::TestBatch;
using testing::TestCell;

// A file that was written and what its rows are.
struct WrittenFile {
  std::filesystem::path path;
  std::uint64_t rows;
  std::string digest;
};

void WriteBytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(out.flush().good());
}

std::string ReadBytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The columns of a table of Quiver.
Schema TableSchema(std::uint32_t key_width, std::uint32_t value_width) {
  const auto type = [](std::uint32_t width) {
    return width == 0 ? ColumnType::kBinary : ColumnType::kFixedSizeBinary;
  };
  return {{{"key", type(key_width), key_width, false},
           {"value", type(value_width), value_width, true},
           {"sequence", ColumnType::kUInt64, 0, false},
           {"operation", ColumnType::kUInt8, 0, false}},
          {{"quiver.format", "table/1"}}};
}

std::string RandomCell(Random& random, std::size_t size) {
  const bool compressible = !random.OneIn(3);
  std::string cell;
  for (std::size_t i = 0; i < size; ++i) {
    cell.push_back(static_cast<char>(compressible ? 'a' + random.Below(2) : random.Next()));
  }
  return cell;
}

TestBatch RandomBatch(Random& random, const Schema& schema, std::size_t rows, RowDigest& digest) {
  TestBatch batch(4);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto cell = [&](std::size_t column) {
      const std::uint32_t width = schema.columns[column].width_bytes;
      return RandomCell(random, width != 0 ? width : random.Below(60));
    };
    const std::string key = cell(0);
    const TestCell value = random.OneIn(4) ? TestCell() : TestCell(cell(1));
    const std::uint64_t sequence = random.Next() >> 8;
    const auto operation = static_cast<std::uint8_t>(value ? 0 : 1);
    batch[0].emplace_back(key);
    batch[1].push_back(value);
    batch[2].emplace_back(std::string(reinterpret_cast<const char*>(&sequence), 8));
    batch[3].emplace_back(std::string(1, static_cast<char>(operation)));
    digest.Add(key, value ? std::optional<std::string_view>(*value) : std::nullopt, sequence,
               operation);
  }
  return batch;
}

// Files as tables are laid out, in every combination of codec and widths, and a plain file.
std::vector<WrittenFile> WriteFiles(const std::filesystem::path& directory,
                                    const std::vector<CompressionKind>& codecs) {
  Random random(quiver::testing::TestSeed(1));
  std::vector<WrittenFile> files;
  for (const CompressionKind codec : codecs) {
    for (const std::uint32_t key_width : {0U, 16U}) {
      for (const std::uint32_t value_width : {0U, 100U}) {
        RowDigest digest;
        const Schema schema = TableSchema(key_width, value_width);
        std::vector<TestBatch> batches;
        for (const std::size_t rows : {1000, 1, 333}) {
          batches.push_back(RandomBatch(random, schema, rows, digest));
        }
        files.push_back({directory / ("table" + std::to_string(files.size()) + ".arrow"),
                         digest.rows(), digest.Finish()});
        WriteBytes(files.back().path, BuildFile(schema, codec, batches, 4096).bytes);
      }
    }
  }
  StringWritableFile sink;
  PlainFileWriter writer(sink, "key", "value");
  RowDigest digest;
  for (int row = 0; row < 5000; ++row) {
    const std::string key = RandomCell(random, random.Below(50));
    const std::string value = RandomCell(random, random.Below(900));
    digest.Add(key, value);
    EXPECT_TRUE(writer.Add(key, value).ok());
  }
  EXPECT_TRUE(writer.Finish().ok());
  files.push_back({directory / "plain.arrow", digest.rows(), digest.Finish()});
  WriteBytes(files.back().path, sink.bytes());
  return files;
}

void ExpectReadersAgree(std::string command, const std::vector<WrittenFile>& files) {
  for (const WrittenFile& file : files) command += " '" + file.path.string() + "'";
  const CommandResult result = RunCommand(command);
  EXPECT_EQ(result.status, 0);
  ASSERT_EQ(result.lines.size(), files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    EXPECT_EQ(JsonField(result.lines[i], "file"), files[i].path.string());
    EXPECT_EQ(JsonField(result.lines[i], "rows"), std::to_string(files[i].rows));
    EXPECT_EQ(JsonField(result.lines[i], "digest"), files[i].digest) << result.lines[i];
  }
}

TEST(Interop, TheDigestIsThatOfTheSpecification) {
  quiver::testing::Sha256 sha256;
  sha256.Add("abc");
  EXPECT_EQ(sha256.Finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  quiver::testing::Sha256 long_sha256;
  for (int i = 0; i < 1000; ++i) long_sha256.Add(std::string(1000, 'a'));
  EXPECT_EQ(long_sha256.Finish(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Interop, PyarrowAndPolarsReadOurFiles) {
  const std::string command = PythonCommand("check_arrow.py");
  if (command.empty()) GTEST_SKIP() << "pyarrow and polars are not installed";
  const quiver::testing::TempDir directory;
  ExpectReadersAgree(
      command, WriteFiles(directory.path(),
                          {CompressionKind::kNone, CompressionKind::kLz4, CompressionKind::kZstd}));
}

TEST(Interop, JavaScriptReadsOurUncompressedFiles) {
  const std::string command = NodeCommand();
  if (command.empty()) GTEST_SKIP() << "apache-arrow for JavaScript is not installed";
  const quiver::testing::TempDir directory;
  ExpectReadersAgree(command, WriteFiles(directory.path(), {CompressionKind::kNone}));
}

// The digest of the rows as our reader sees them.
Result<std::string> DigestOf(const std::filesystem::path& path, std::uint64_t& rows) {
  const StringReadableFile file(ReadBytes(path));
  auto reader = ForeignFileReader::Open(file);
  if (!reader) return Error(reader.error());
  RowDigest digest;
  auto read = (*reader)->ReadRows("key", "value", [&](const Cell& key, const Cell& value) {
    EXPECT_FALSE(key.null);
    digest.Add(key.bytes, value.null ? std::nullopt : std::optional(value.bytes));
    return Result<bool>(true);
  });
  if (!read) return Error(read.error());
  rows = digest.rows();
  EXPECT_EQ(rows, (*reader)->row_count());
  return digest.Finish();
}

TEST(Interop, OurReaderReadsTheFilesOfPyarrowAndPolars) {
  const std::string command = PythonCommand("make_arrow.py");
  if (command.empty()) GTEST_SKIP() << "pyarrow and polars are not installed";
  const quiver::testing::TempDir directory;
  const CommandResult made = RunCommand(command + " '" + directory.path().string() + "'");
  ASSERT_EQ(made.status, 0);
  ASSERT_GT(made.lines.size(), 150U);
  for (const std::string& line : made.lines) {
    std::uint64_t rows = 0;
    const Result<std::string> digest = DigestOf(JsonField(line, "file"), rows);
    if (const std::string refused = JsonField(line, "refused"); !refused.empty()) {
      ASSERT_FALSE(digest.ok()) << line;
      EXPECT_EQ(digest.error().code(), ErrorCode::kInvalidArgument) << line;
      EXPECT_NE(digest.error().message().find(refused), std::string::npos)
          << line << digest.error().ToString();
      continue;
    }
    ASSERT_TRUE(digest.ok()) << line << "\n" << digest.error().ToString();
    EXPECT_EQ(std::to_string(rows), JsonField(line, "rows")) << line;
    EXPECT_EQ(*digest, JsonField(line, "digest")) << line;
  }
}

}  // namespace
}  // namespace quiver::arrow_ipc
