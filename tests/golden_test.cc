// Goal: a database written by any released format is read by this build, row by row, and a newer
// format is refused and left alone, byte for byte.
//
// Method: tests/golden/ (see its README) holds small databases and the rows they must show. Each is
// copied, read without writing, opened, compacted and opened again. QUIVER_REWRITE=1 makes format 1
// anew, from the code below.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "base/escape.h"
#include "base/hash.h"
#include "base/hex64.h"
#include "quiver/admin.h"
#include "quiver/database.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

namespace fs = std::filesystem;
using Rows = std::map<std::string, std::optional<std::string>>;  // none: deleted

const fs::path kGolden = fs::path(QUIVER_SOURCE_DIR) / "tests" / "golden" / "format1";

struct GoldenDatabase {
  std::string name;
  CompressionKind compression;
  std::uint32_t key_width;
  std::uint32_t value_width;
  bool killed;
  bool all_kinds = false;  ///< merges, range deletes, expiries and keyspaces too
};

const GoldenDatabase kDatabases[] = {
    {"none", CompressionKind::kNone, 0, 0, false},
    {"lz4", CompressionKind::kLz4, 0, 0, true},
    {"zstd", CompressionKind::kZstd, 0, 0, false},
    {"fixed", CompressionKind::kNone, 8, 24, false},
    {"kinds", CompressionKind::kLz4, 0, 0, true, true},
};

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

void WriteAll(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::map<std::string, std::string> Contents(const fs::path& directory) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : fs::directory_iterator(directory)) {
    contents[entry.path().filename()] = ReadAll(entry.path());
  }
  return contents;
}

Rows ReadRows(const fs::path& path) {
  Rows rows;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const std::size_t tab = line.find('\t');
    EXPECT_NE(tab, std::string::npos) << line;
    const auto key = UnescapeBytes(line.substr(0, tab));
    EXPECT_TRUE(key) << line;
    const std::string value = line.substr(tab + 1);
    if (value == "-") {
      rows[*key] = std::nullopt;
    } else {
      rows[*key] = *UnescapeBytes(value.substr(1));
    }
  }
  return rows;
}

// --- making format 1

DatabaseConfig ConfigOf(const GoldenDatabase& golden) {
  DatabaseConfig config;
  config.compression = config.compression_bottom = golden.compression;
  config.key_width_bytes = golden.key_width;
  config.value_width_bytes = golden.value_width;
  config.memtable_size_bytes = 64U << 10;
  config.memory_limit_bytes = std::uint64_t{32} << 20;
  config.block_size_bytes = 1024;
  config.value_chunk_bytes = 1024;
  config.disk_reserve_bytes = 0;
  if (golden.all_kinds) config.merge_operator = MergeOperatorKind::kAppend;
  return config;
}

std::string Padded(std::string text, std::uint32_t width) {
  if (width != 0) text.resize(width, '.');
  return text;
}

void WriteRound(Database& db, const GoldenDatabase& golden, int round, Rows& rows) {
  for (int i = round * 7; i < round * 7 + 25; ++i) {
    std::string key = Padded("key" + std::to_string(i * 37 % 40), golden.key_width);
    if (golden.key_width == 0 && i % 9 == 0) key += std::string("\0\xff\t", 3);
    if (i % 6 == 5) {
      ASSERT_TRUE(db.Delete(key));
      rows[key] = std::nullopt;
      continue;
    }
    std::string value = "value " + std::to_string(i) + " of round " + std::to_string(round);
    if (golden.value_width == 0) value += std::string(static_cast<std::size_t>(i % 5) * 30, 'v');
    value = Padded(value, golden.value_width);
    ASSERT_TRUE(db.Put(key, value));
    rows[key] = value;
  }
}

constexpr std::uint64_t kFarAwayUs = 4'102'444'800'000'000;  // the year 2100

// Behind the rows of a round: operands, a range delete that hides some of the rows, entries that
// expire and one that has; sums in a keyspace of their own, and a keyspace that is dropped.
void WriteKinds(Database& db, int round, Rows& rows, Rows& numbers) {
  for (int i = 0; i < 5; ++i) {
    const std::string key = "merge" + std::to_string(i);
    const std::string operand = "+" + std::to_string(round);
    ASSERT_TRUE(db.Merge(key, operand));
    rows[key] = rows[key].value_or("") + operand;
  }
  const std::string begin = "key" + std::to_string(round + 1);
  const std::string end = begin + "5";
  ASSERT_TRUE(db.DeleteRange(begin, end));
  for (auto row = rows.lower_bound(begin); row != rows.lower_bound(end); ++row) {
    row->second.reset();
  }
  const std::string expires = "expires" + std::to_string(round);
  ASSERT_TRUE(db.Put(expires, "in 2100", {.expiry_us = kFarAwayUs}));
  ASSERT_TRUE(db.Put("expired", "has", {.expiry_us = 1}));
  rows[expires] = "in 2100";
  rows["expired"].reset();

  DatabaseConfig config = db.config();
  config.merge_operator = MergeOperatorKind::kAddInt64;
  config.value_width_bytes = 8;
  config.memtable_kind = MemtableKind::kTrie;
  auto keyspace = round == 0 ? db.CreateKeyspace("numbers", config) : db.OpenKeyspace("numbers");
  ASSERT_TRUE(keyspace) << keyspace.error().ToString();
  for (int i = 0; i < 30; ++i) {
    const std::string key = "visits" + std::to_string(i);
    const std::int64_t more = round * 1000 + i;
    ASSERT_TRUE(db.Merge(key, EncodeInt64(more), {.keyspace = &*keyspace}));
    const auto before = numbers[key] ? DecodeInt64(*numbers[key]) : std::nullopt;
    numbers[key] = EncodeInt64(before.value_or(0) + more);
  }
  if (round == 0) {
    auto brief = db.CreateKeyspace("brief", db.config());
    ASSERT_TRUE(brief);
    ASSERT_TRUE(db.Put("gone", "with its keyspace", {.keyspace = &*brief}));
    return;
  }
  WriteBatch batch;  // over both keyspaces
  ASSERT_TRUE(batch.Put("batch", std::to_string(round)));
  ASSERT_TRUE(batch.DeleteRange("visits1", "visits2", {.keyspace = &*keyspace}));
  ASSERT_TRUE(db.Write(batch));
  rows["batch"] = std::to_string(round);
  for (auto row = numbers.lower_bound("visits1"); row != numbers.lower_bound("visits2"); ++row) {
    row->second.reset();
  }
  if (round != 2) return;
  auto brief = db.OpenKeyspace("brief");
  ASSERT_TRUE(brief);
  ASSERT_TRUE(db.DropKeyspace(*brief));
  ASSERT_TRUE(db.WaitForBackgroundWork());
}

void WriteRows(const fs::path& path, const Rows& rows) {
  std::string text;
  for (const auto& [key, value] : rows) {
    text += EscapeBytes(key) + "\t" + (value ? "=" + EscapeBytes(*value) : "-") + "\n";
  }
  WriteAll(path, text);
}

// Copies what is there now, as a kill would leave it; most of the zeroes reserved in a log are cut
// off, but none that a frame may end with.
void CopyDatabase(const fs::path& from, const fs::path& to) {
  fs::remove_all(to);
  fs::create_directories(to);
  for (auto& [name, bytes] : Contents(from)) {
    std::string kept = name == "LOCK" ? "" : bytes;  // it names the process that held it
    if (name.ends_with(".wal")) {
      kept.resize(std::min(kept.size(), kept.find_last_not_of('\0') + 1 + 1024));
    }
    WriteAll(to / name, kept);
  }
}

void MakeGolden(const GoldenDatabase& golden) {
  const testing::TempDir dir;
  Rows rows;
  Rows numbers;
  const auto write_round = [&](Database& db, int round) {
    WriteRound(db, golden, round, rows);
    if (golden.all_kinds) WriteKinds(db, round, rows, numbers);
  };
  {
    auto db = Database::Open(dir.path() / "db", ConfigOf(golden));
    ASSERT_TRUE(db) << db.error().ToString();
    write_round(**db, 0);
    ASSERT_TRUE((*db)->Flush());
    const auto snapshot = (*db)->NewSnapshot();
    ASSERT_TRUE(snapshot);
    write_round(**db, 1);
    if (golden.name == "zstd") {
      ASSERT_TRUE((*db)->CompactRange());
    } else {
      ASSERT_TRUE((*db)->Flush());
    }
    write_round(**db, 2);
    if (golden.killed) CopyDatabase(dir.path() / "db", kGolden / golden.name);
    ASSERT_TRUE((*db)->Close());
  }
  if (!golden.killed) CopyDatabase(dir.path() / "db", kGolden / golden.name);
  WriteRows(kGolden / (golden.name + ".rows"), rows);
  if (golden.all_kinds) WriteRows(kGolden / (golden.name + ".numbers.rows"), numbers);
}

// --- reading it

void ExpectRows(const Database& db, const Rows& expected, const Keyspace* keyspace = nullptr) {
  for (const auto& [key, value] : expected) {
    const auto found = db.Get(key, {.keyspace = keyspace});
    ASSERT_TRUE(found) << found.error().ToString();
    ASSERT_EQ(found->has_value(), value.has_value()) << EscapeBytes(key);
    if (value) {
      ASSERT_EQ((*found)->view(), *value) << EscapeBytes(key);
    }
  }
  auto iterator = db.NewIterator({.keyspace = keyspace});
  ASSERT_TRUE(iterator);
  iterator->SeekToFirst();
  for (const auto& [key, value] : expected) {
    if (!value) continue;
    ASSERT_TRUE(iterator->Valid()) << "ends before " << EscapeBytes(key);
    ASSERT_EQ(iterator->key(), key);
    ASSERT_EQ(iterator->value(), *value);
    iterator->Next();
  }
  ASSERT_FALSE(iterator->Valid()) << "a row too many: " << EscapeBytes(iterator->key());
  ASSERT_TRUE(iterator->status());
}

void ExpectKinds(const Database& db) {
  const auto list = db.ListKeyspaces();
  ASSERT_TRUE(list) << list.error().ToString();
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ(list->at(0).name(), "default");
  EXPECT_EQ(list->at(1).name(), "numbers");
  const auto config = db.KeyspaceConfig(list->at(1));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->merge_operator, MergeOperatorKind::kAddInt64);
  EXPECT_EQ(config->value_width_bytes, 8U);
  EXPECT_EQ(config->memtable_kind, MemtableKind::kTrie);
  const Rows numbers = ReadRows(kGolden / "kinds.numbers.rows");
  ASSERT_EQ(numbers.size(), 30U);
  ExpectRows(db, numbers, &list->at(1));
  for (const char* key : {"expires0", "expires1", "expires2"}) {
    const auto expiry = db.GetExpiry(key);
    ASSERT_TRUE(expiry && expiry->has_value()) << key;
    EXPECT_EQ(**expiry, kFarAwayUs) << key;
  }
}

class GoldenTest : public ::testing::TestWithParam<GoldenDatabase> {
 protected:
  void SetUp() override {
    if (std::getenv("QUIVER_REWRITE") != nullptr) {
      ASSERT_NO_FATAL_FAILURE(MakeGolden(GetParam()));
    }
    fs::copy(kGolden / GetParam().name, path_);
  }
  testing::TempDir dir_;
  const fs::path path_ = dir_.path() / "db";
};

TEST_P(GoldenTest, ShowsEveryRowBeforeAndAfterACompaction) {
  const Rows rows = ReadRows(kGolden / (GetParam().name + ".rows"));
  ASSERT_GE(rows.size(), 30U);
  const auto before = Contents(path_);
  {
    const auto db = Database::OpenReadOnly(path_);
    ASSERT_TRUE(db) << db.error().ToString();
    EXPECT_EQ((*db)->recovery_report().clean_shutdown, !GetParam().killed);
    EXPECT_NE((*db)->recovery_report().batches_replayed, 0U) << "there is an unflushed log";
    ExpectRows(**db, rows);
    if (GetParam().all_kinds) ExpectKinds(**db);
  }
  EXPECT_TRUE(Contents(path_) == before) << "reading changed a file";
  auto config = Database::StoredConfig(path_);
  ASSERT_TRUE(config) << config.error().ToString();
  EXPECT_EQ(config->compression, GetParam().compression);
  EXPECT_EQ(config->key_width_bytes, GetParam().key_width);
  for (const bool compacts : {true, false}) {
    auto db = Database::Open(path_, *config);
    ASSERT_TRUE(db) << db.error().ToString();
    EXPECT_TRUE((*db)->recovery_report().losses.empty());
    EXPECT_TRUE((*db)->recovery_report().foreign_files.empty());
    ExpectRows(**db, rows);
    if (compacts) {
      ASSERT_TRUE((*db)->CompactRange());
      if (const auto numbers = (*db)->OpenKeyspace("numbers")) {
        ASSERT_TRUE((*db)->CompactRange({}, {}, &*numbers));
      }
      ExpectRows(**db, rows);
    }
    if (GetParam().all_kinds) ExpectKinds(**db);
    ASSERT_TRUE((*db)->Close());
  }
  const auto verified = VerifyDatabase(path_);
  ASSERT_TRUE(verified) << verified.error().ToString();
  EXPECT_TRUE(verified->damages.empty());
}

TEST_P(GoldenTest, ANewerFormatIsRefusedAndLeftByteForByte) {
  std::string identity = ReadAll(path_ / "IDENTITY");
  const std::size_t format = identity.find("format 1");
  ASSERT_NE(format, std::string::npos);
  identity.replace(format, 8, "format 2");
  identity.resize(identity.find("checksum "));
  identity += "checksum " + Hex64(Checksum(identity, 0)) + "\n";
  WriteAll(path_ / "IDENTITY", identity);
  const auto before = Contents(path_);
  const auto config = ConfigOf(GetParam());
  EXPECT_EQ(Database::Open(path_, config).error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(Database::OpenReadOnly(path_).error().code(), ErrorCode::kUnsupported);
  EXPECT_TRUE(Contents(path_) == before) << "a refused open changed a file";
}

INSTANTIATE_TEST_SUITE_P(Format1, GoldenTest, ::testing::ValuesIn(kDatabases),
                         [](const auto& golden) { return golden.param.name; });

}  // namespace
}  // namespace quiver
