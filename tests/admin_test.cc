// The administration of databases that nobody has open, as a program calls it.
#include "quiver/admin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "quiver/database.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

namespace fs = std::filesystem;

class AdminTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directory(dir_.path() / "work"); }

  fs::path db_path() const { return dir_.path() / "work" / "db"; }

  static DatabaseConfig Config() {
    DatabaseConfig config;
    config.disk_reserve_bytes = 0;
    config.compression_bottom = CompressionKind::kNone;
    return config;
  }

  // 4 MiB in a table, more in the log.
  void MakeDatabase() {
    auto opened = Database::Open(db_path(), Config());
    ASSERT_TRUE(opened) << opened.error().ToString();
    Database& db = **opened;
    const WriteOptions async{.wal_mode = WalMode::kAsync};
    for (int i = 0; i < 4096; ++i) {
      ASSERT_TRUE(db.Put("key" + std::to_string(10000 + i), std::string(1024, 'v'), async));
    }
    ASSERT_TRUE(db.Flush());
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(db.Put("log" + std::to_string(i), "value"));
  }

  fs::path FileWith(std::string_view part) const {
    for (const auto& entry : fs::directory_iterator(db_path())) {
      if (entry.path().filename().string().find(part) != std::string::npos) return entry.path();
    }
    ADD_FAILURE() << "no file with " << part;
    return {};
  }

  static void FlipByte(const fs::path& file, std::uint64_t offset) {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekg(static_cast<std::streamoff>(offset));
    const auto byte = static_cast<char>(bytes.get() ^ 1);
    bytes.seekp(static_cast<std::streamoff>(offset));
    bytes.put(byte);
    ASSERT_TRUE(bytes.good());
  }

  testing::TempDir dir_;
};

void ExpectThrown(const Error& error) {
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.message(), "the callback threw: enough");
}

TEST_F(AdminTest, ACallbackThatThrowsEndsTheCallWithAnError) {
  MakeDatabase();
  const ProgressCallback progress = [](std::uint64_t, std::uint64_t) {
    throw std::runtime_error("enough");
  };
  const auto verified = VerifyDatabase(db_path(), progress);
  ASSERT_FALSE(verified);
  ExpectThrown(verified.error());
  const auto repaired = RepairDatabase(db_path(), dir_.path() / "repaired", progress);
  ASSERT_FALSE(repaired);
  ExpectThrown(repaired.error());

  for (const char* part : {".arrow", ".wal", "MANIFEST"}) {
    int lines = 0;
    const auto inspected = InspectFile(FileWith(part), true, [&](std::string_view) -> bool {
      ++lines;
      throw std::runtime_error("enough");
    });
    ASSERT_FALSE(inspected) << part;
    ExpectThrown(inspected.error());
    EXPECT_EQ(lines, 1) << part;
  }
  const fs::path foreign = dir_.path() / "rows.arrow";
  auto writer = ArrowFileWriter::Create(foreign);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->Add("key", "value"));
  ASSERT_TRUE((*writer)->Finish());
  for (const fs::path& file : {foreign, FileWith(".arrow")}) {
    const auto read =
        ReadArrowFile(file, [](std::string_view, std::string_view) -> bool { throw 5; });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message(), "the callback threw something that is no std::exception");
  }
  // Nothing is left locked.
  EXPECT_TRUE(Database::Open(db_path(), Config()));
}

TEST_F(AdminTest, VerifyCountsTheFilesAndBytesOfTheDatabase) {
  MakeDatabase();
  std::ofstream(db_path() / "notes.txt") << "not ours";
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(db_path())) {
    if (entry.path().filename() == "notes.txt") continue;
    ++files;
    bytes += entry.file_size();
  }
  std::uint64_t done_bytes = 0;
  const auto report = VerifyDatabase(db_path(), [&](std::uint64_t done, std::uint64_t total) {
    done_bytes = done;
    EXPECT_LE(done, total);
  });
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_TRUE(report->damages.empty());
  EXPECT_EQ(report->files, files);
  EXPECT_EQ(report->bytes, bytes);
  EXPECT_EQ(report->entries, 4106U);
  EXPECT_GT(done_bytes, std::uint64_t{4} << 20);
  ASSERT_EQ(report->notes.size(), 1U);
  EXPECT_NE(report->notes[0].find("notes.txt"), std::string::npos);
}

TEST_F(AdminTest, ADamagedFilterIsOneDamage) {
  MakeDatabase();
  const fs::path table = FileWith(".arrow");
  std::uint64_t filter_bytes = 0;
  ASSERT_TRUE(InspectFile(table, false, [&](std::string_view line) {
    constexpr std::string_view kName = "filter bytes: ";
    if (line.starts_with(kName)) filter_bytes = std::stoull(std::string(line.substr(kName.size())));
    return true;
  }));
  ASSERT_GT(filter_bytes, 0U);
  // The filter is the one part whose damage leaves the table readable: found by trying places near
  // the end of the file.
  const std::uint64_t size = fs::file_size(table);
  for (std::uint64_t back = 512; back < size; back += filter_bytes / 2) {
    FlipByte(table, size - back);
    const auto report = VerifyDatabase(db_path());
    FlipByte(table, size - back);
    ASSERT_TRUE(report) << report.error().ToString();
    if (report->damages.empty() || report->damages[0].what.find("filter") == std::string::npos) {
      continue;
    }
    EXPECT_EQ(report->damages.size(), 1U) << report->damages[1].what;
    EXPECT_EQ(report->entries, 4106U);
    return;
  }
  FAIL() << "no place of the filter was found";
}

TEST_F(AdminTest, VerifyJudgesTheLogAsTheNextOpenDoes) {
  // A crash in the middle: the files as they are while a writer has them open.
  const fs::path crashed = dir_.path() / "crashed";
  fs::path segment;
  {
    auto opened = Database::Open(db_path(), Config());
    ASSERT_TRUE(opened) << opened.error().ToString();
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(
          (*opened)->Put("key" + std::to_string(i), "value", {.wal_mode = WalMode::kAsync}));
    }
    fs::copy(db_path(), crashed);
    segment = crashed / FileWith(".wal").filename();
  }
  std::vector<std::uint64_t> frames;
  ASSERT_TRUE(InspectFile(segment, false, [&](std::string_view line) {
    if (line.find(" batch ") != std::string_view::npos) {
      frames.push_back(std::stoull(std::string(line)));
    }
    return true;
  }));
  ASSERT_EQ(frames.size(), 10U);
  FlipByte(segment, frames.back() + 40);
  const auto torn = VerifyDatabase(crashed);
  ASSERT_TRUE(torn) << torn.error().ToString();
  EXPECT_TRUE(torn->damages.empty()) << torn->damages[0].what;
  EXPECT_EQ(torn->entries, 9U);
  ASSERT_EQ(torn->notes.size(), 1U);
  EXPECT_TRUE(torn->notes[0].starts_with("the next open for writing finds: ")) << torn->notes[0];
  {
    const fs::path again = dir_.path() / "again";
    fs::copy(crashed, again);
    const auto opened = Database::Open(again, Config());
    ASSERT_TRUE(opened) << opened.error().ToString();
    ASSERT_EQ((*opened)->recovery_report().notes.size(), 1U);
    EXPECT_TRUE(torn->notes[0].ends_with((*opened)->recovery_report().notes[0]));
  }
  // Durable bytes rot: the open refuses, and verify names the same place.
  fs::remove_all(crashed);
  {
    auto opened = Database::Open(db_path(), Config());
    ASSERT_TRUE(opened) << opened.error().ToString();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE((*opened)->Put("sync" + std::to_string(i), "value"));
    fs::copy(db_path(), crashed);
  }
  for (const auto& entry : fs::directory_iterator(crashed)) {
    if (entry.path().extension() == ".wal") segment = std::max(segment, entry.path());
  }
  frames.clear();
  ASSERT_TRUE(InspectFile(segment, false, [&](std::string_view line) {
    if (line.find(" batch ") != std::string_view::npos) {
      frames.push_back(std::stoull(std::string(line)));
    }
    return true;
  }));
  ASSERT_EQ(frames.size(), 3U);
  FlipByte(segment, frames.front() + 40);
  const auto rotten = VerifyDatabase(crashed);
  ASSERT_TRUE(rotten) << rotten.error().ToString();
  ASSERT_EQ(rotten->damages.size(), 1U);
  const auto refused = Database::Open(crashed, Config());
  ASSERT_FALSE(refused);
  EXPECT_EQ(rotten->damages[0].what, refused.error().message());
  EXPECT_EQ(rotten->damages[0].offset, refused.error().offset());
  EXPECT_FALSE(rotten->notes.empty()) << "what a salvage would go on without";
}

TEST_F(AdminTest, RepairNeverWritesWhereADatabaseIs) {
  MakeDatabase();
  const auto same = RepairDatabase(db_path(), db_path() / "." / "");
  ASSERT_FALSE(same);
  EXPECT_EQ(same.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(same.error().message().find("holds a database already"), std::string::npos);
  EXPECT_TRUE(RepairDatabase(db_path(), dir_.path() / "repaired"));
  const auto again = RepairDatabase(db_path(), dir_.path() / "repaired");
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message().find("holds a database already"), std::string::npos);
}

TEST_F(AdminTest, RepairWithoutAManifestReadsEveryTableAndTheWholeLog) {
  MakeDatabase();
  for (const auto& entry : fs::directory_iterator(db_path())) {
    const std::string name = entry.path().filename().string();
    if (name == "CURRENT" || name == "CONFIG.toml" || name.starts_with("MANIFEST")) {
      fs::remove(entry.path());
    }
  }
  ASSERT_FALSE(Database::Open(db_path(), Config()));
  const auto report = RepairDatabase(db_path(), dir_.path() / "repaired");
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_EQ(report->entries_recovered, 4106U);
  ASSERT_EQ(report->lost.size(), 3U) << report->lost.back();
  EXPECT_NE(report->lost[0].find("the manifest cannot be used"), std::string::npos);
  // Whether a table holds what the segment before the oldest one held, the manifest alone knew.
  EXPECT_NE(report->lost[1].find("the segment is missing"), std::string::npos);
  EXPECT_NE(report->lost[2].find("the stored configuration"), std::string::npos);
  auto repaired = Database::Open(dir_.path() / "repaired", Config());
  ASSERT_TRUE(repaired) << repaired.error().ToString();
  std::string value;
  for (const char* key : {"key10000", "key14095", "log0", "log9"}) {
    const auto found = (*repaired)->GetInto(key, value);
    ASSERT_TRUE(found) << found.error().ToString();
    EXPECT_TRUE(*found) << key;
  }
}

TEST_F(AdminTest, RepairOfWhatHoldsNoPartOfADatabaseSaysSo) {
  const auto report = RepairDatabase(dir_.path() / "work", dir_.path() / "repaired");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(report.error().message().find("nothing to repair"), std::string::npos);
  EXPECT_FALSE(fs::exists(dir_.path() / "repaired"));
}

TEST_F(AdminTest, ErrorsOfNamedFilesCarryThePathAsGiven) {
  const fs::path absent = dir_.path() / "work" / "0000000001.arrow";
  const LineSink all = [](std::string_view) { return true; };
  for (const char* name : {"0000000001.arrow", "0000000001.wal", "MANIFEST-0000000001", "any"}) {
    const fs::path file = dir_.path() / "work" / name;
    const auto inspected = InspectFile(file, false, all);
    ASSERT_FALSE(inspected);
    EXPECT_EQ(inspected.error().code(), ErrorCode::kNotFound) << inspected.error().ToString();
    EXPECT_EQ(inspected.error().file(), file.string());
  }
  const auto read = ReadArrowFile(absent, [](std::string_view, std::string_view) { return true; });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().file(), absent.string());
}

TEST_F(AdminTest, ATableReadAsAnArrowFileShowsLiveRowsAndRefusesOperands) {
  std::vector<std::string> keys;
  const RowSink sink = [&](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return true;
  };
  DatabaseConfig config = Config();
  config.merge_operator = MergeOperatorKind::kAppend;
  auto db = *Database::Open(db_path(), config);
  const auto before = db->NewSnapshot();
  ASSERT_TRUE(db->Put("expired", "v", {.expiry_us = 1}));
  ASSERT_TRUE(db->Put("gone", "v"));
  ASSERT_TRUE(db->Delete("gone"));
  ASSERT_TRUE(db->Put("live", "v"));
  ASSERT_TRUE(db->Flush());
  const auto rows = ReadArrowFile(FileWith(".arrow"), sink);
  ASSERT_TRUE(rows) << rows.error().ToString();
  EXPECT_EQ(keys, std::vector<std::string>{"live"});

  ASSERT_TRUE(db->Merge("live", "more"));
  ASSERT_TRUE(db->Flush());
  ErrorCode code{};
  for (const auto& entry : fs::directory_iterator(db_path())) {
    if (entry.path().extension() != ".arrow") continue;
    if (const auto read = ReadArrowFile(entry.path(), sink); !read) code = read.error().code();
  }
  EXPECT_EQ(code, ErrorCode::kUnsupported);
}

TEST_F(AdminTest, AnArrowFileThatIsNotFinishedIsRemoved) {
  const fs::path file = dir_.path() / "rows.arrow";
  {
    auto writer = ArrowFileWriter::Create(file);
    ASSERT_TRUE(writer) << writer.error().ToString();
    ASSERT_TRUE((*writer)->Add("key", "value"));
    EXPECT_TRUE(fs::exists(file));
  }
  EXPECT_FALSE(fs::exists(file));
  {
    auto writer = ArrowFileWriter::Create(file);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->Finish());
  }
  EXPECT_TRUE(fs::exists(file));
  const auto twice = ArrowFileWriter::Create(file);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().file(), file.string());
  EXPECT_TRUE(fs::exists(file)) << "a file that was there before is left alone";
}

// --- keyspaces and kinds of entries

// Three keyspaces with everything that an entry can be, half of it flushed.
class RescueTest : public AdminTest {
 protected:
  static constexpr std::uint64_t kFarUs = 4'000'000'000'000'000;  // in the year 2096

  void MakeKinds() {
    auto opened = Database::Open(db_path(), Config());
    ASSERT_TRUE(opened) << opened.error().ToString();
    Database& db = **opened;
    DatabaseConfig counting = db.config();
    counting.merge_operator = MergeOperatorKind::kAddInt64;
    const auto users = db.CreateKeyspace("users", db.config());
    const auto counters = db.CreateKeyspace("counters", counting);
    const auto gone = db.CreateKeyspace("gone", db.config());
    ASSERT_TRUE(users && counters && gone);
    const WriteOptions of_users{.keyspace = &*users};
    const WriteOptions of_counters{.keyspace = &*counters};
    ASSERT_TRUE(db.Put("same", "of default"));
    ASSERT_TRUE(db.Put("same", "of users", of_users));
    ASSERT_TRUE(db.Put("dropped", "x", {.keyspace = &*gone}));
    ASSERT_TRUE(db.Put("brief", "v", {.keyspace = &*users, .expiry_us = kFarUs}));
    ASSERT_TRUE(db.Put("over", "v", {.keyspace = &*users, .expiry_us = 1}));
    for (const char* key : {"r1", "r2", "r3", "s1", "s2"}) {
      ASSERT_TRUE(db.Put(key, "v", of_users));
    }
    ASSERT_TRUE(db.Put("count", EncodeInt64(100), of_counters));
    for (int i = 1; i <= 3; ++i) ASSERT_TRUE(db.Merge("count", EncodeInt64(i), of_counters));
    ASSERT_TRUE(db.Merge("fresh", EncodeInt64(5), of_counters));
    ASSERT_TRUE(db.Flush());
    ASSERT_TRUE(db.DeleteRange("r1", "r3", of_users));
    // A new memtable takes the range delete to the manifest; the table below keeps what it hides.
    ASSERT_TRUE(db.Put("other", "v", of_users));
    ASSERT_TRUE(db.DropKeyspace(*gone));
    ASSERT_TRUE(db.Flush());
    // In the log: a merge on a flushed counter, a range delete over a flushed key.
    ASSERT_TRUE(db.Merge("count", EncodeInt64(1000), of_counters));
    ASSERT_TRUE(db.DeleteRange("s1", "s2", of_users));
    ASSERT_TRUE(db.Close());
  }

  static void CheckKinds(Database& db, const std::string& users_name,
                         const std::string& counters_name) {
    const auto users = db.OpenKeyspace(users_name);
    const auto counters = db.OpenKeyspace(counters_name);
    ASSERT_TRUE(users && counters);
    const ReadOptions of_users{.keyspace = &*users};
    const ReadOptions of_counters{.keyspace = &*counters};
    std::string value;
    ASSERT_TRUE(db.GetInto("same", value).value());
    EXPECT_EQ(value, "of default");
    ASSERT_TRUE(db.GetInto("same", value, of_users).value());
    EXPECT_EQ(value, "of users");
    EXPECT_EQ(db.GetExpiry("brief", of_users).value(), kFarUs);
    for (const char* key : {"over", "r1", "r2", "s1"}) {
      EXPECT_FALSE(db.GetInto(key, value, of_users).value()) << key;
    }
    for (const char* key : {"r3", "s2", "other"}) {
      EXPECT_TRUE(db.GetInto(key, value, of_users).value()) << key;
    }
    ASSERT_TRUE(db.GetInto("count", value, of_counters).value());
    EXPECT_EQ(DecodeInt64(value), 1106);
    ASSERT_TRUE(db.GetInto("fresh", value, of_counters).value());
    EXPECT_EQ(DecodeInt64(value), 5);
  }

  void RemoveFiles(std::string_view begin) const {
    for (const auto& entry : fs::directory_iterator(db_path())) {
      if (entry.path().filename().string().starts_with(begin)) fs::remove(entry.path());
    }
  }

  std::string InspectAll(const char* extension) const {
    std::string text;
    for (const auto& entry : fs::directory_iterator(db_path())) {
      if (entry.path().filename().string().find(extension) == std::string::npos) continue;
      EXPECT_TRUE(InspectFile(entry.path(), true, [&](std::string_view line) {
        text.append(line).push_back('\n');
        return true;
      }));
    }
    return text;
  }
};

TEST_F(RescueTest, RepairKeepsKeyspacesWithTheirSettingsAndEveryKindOfEntry) {
  MakeKinds();
  const auto report = RepairDatabase(db_path(), dir_.path() / "repaired");
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_TRUE(report->lost.empty()) << report->lost[0];
  auto repaired = Database::Open(dir_.path() / "repaired", Config());
  ASSERT_TRUE(repaired) << repaired.error().ToString();
  CheckKinds(**repaired, "users", "counters");
  EXPECT_EQ((*repaired)->ListKeyspaces()->size(), 3U) << "what was dropped stays dropped";
  const auto counters = (*repaired)->OpenKeyspace("counters");
  EXPECT_EQ((*repaired)->KeyspaceConfig(*counters)->merge_operator, MergeOperatorKind::kAddInt64);
}

TEST_F(RescueTest, WithoutCurrentTheRecordsOfTheManifestGiveBackNamesAndRangeDeletes) {
  MakeKinds();
  RemoveFiles("CURRENT");
  const auto report = RepairDatabase(db_path(), dir_.path() / "repaired");
  ASSERT_TRUE(report) << report.error().ToString();
  auto repaired = Database::Open(dir_.path() / "repaired", Config());
  ASSERT_TRUE(repaired) << repaired.error().ToString();
  CheckKinds(**repaired, "users", "counters");
  EXPECT_EQ((*repaired)->ListKeyspaces()->size(), 3U);
}

TEST_F(RescueTest, WithoutAnyManifestTheTablesSayWhichKeyspaceTheyAreOf) {
  MakeKinds();
  RemoveFiles("CURRENT");
  RemoveFiles("MANIFEST");
  const auto report = RepairDatabase(db_path(), dir_.path() / "repaired");
  ASSERT_TRUE(report) << report.error().ToString();
  const auto lost = [&](std::string_view what) {
    return std::ranges::any_of(report->lost, [&](const std::string& line) {
      return line.find(what) != std::string::npos;
    });
  };
  EXPECT_TRUE(lost("it is called keyspace-1"));
  EXPECT_TRUE(lost("the merge operator of keyspace keyspace-2"));
  // The operands wait for whoever knows what they mean.
  struct Adding final : MergeOperator {
    bool Merge(std::string_view key, std::optional<std::string_view> base,
               std::span<const std::string_view> operands,
               std::string& result) const noexcept override {
      return AddInt64Operator().Merge(key, base, operands, result);
    }
  };
  auto repaired =
      Database::Open(dir_.path() / "repaired", Config(), std::make_shared<const Adding>());
  ASSERT_TRUE(repaired) << repaired.error().ToString();
  const auto counters = (*repaired)->OpenKeyspace("keyspace-2");
  ASSERT_TRUE(counters);
  std::string value;
  ASSERT_TRUE((*repaired)->GetInto("count", value, {.keyspace = &*counters}).value());
  EXPECT_EQ(DecodeInt64(value), 1106);
  const auto users = (*repaired)->OpenKeyspace("keyspace-1");
  ASSERT_TRUE(users);
  EXPECT_EQ((*repaired)->GetExpiry("brief", {.keyspace = &*users}).value(), kFarUs);
}

// The number of an ingest is ahead of what was logged before it, flushed or not.
TEST_F(RescueTest, WithoutAnyManifestAnIngestDoesNotPassForAFlush) {
  DatabaseConfig config = Config();
  config.merge_operator = MergeOperatorKind::kAddInt64;
  const fs::path rows = dir_.path() / "rows.arrow";
  auto writer = ArrowFileWriter::Create(rows);
  ASSERT_TRUE(writer) << writer.error().ToString();
  ASSERT_TRUE((*writer)->Add("zz1", EncodeInt64(7)));
  ASSERT_TRUE((*writer)->Add("zz2", EncodeInt64(8)));
  ASSERT_TRUE((*writer)->Finish());
  {
    auto db = Database::Open(db_path(), config);
    ASSERT_TRUE(db) << db.error().ToString();
    ASSERT_TRUE((*db)->Put("count", EncodeInt64(100)));
    ASSERT_TRUE((*db)->Merge("count", EncodeInt64(1)));
    ASSERT_TRUE((*db)->Flush());
    ASSERT_TRUE((*db)->Merge("count", EncodeInt64(1000)));  // in memory and in the log alone
    const fs::path files[] = {rows};
    const auto report = (*db)->IngestArrow(files);
    ASSERT_TRUE(report) << report.error().ToString();
    ASSERT_TRUE((*db)->Merge("zz1", EncodeInt64(70)));
    ASSERT_TRUE((*db)->Close());
  }
  RemoveFiles("CURRENT");
  RemoveFiles("MANIFEST");
  const auto report = RepairDatabase(db_path(), dir_.path() / "repaired");
  ASSERT_TRUE(report) << report.error().ToString();
  auto repaired = Database::Open(dir_.path() / "repaired", config);
  ASSERT_TRUE(repaired) << repaired.error().ToString();
  std::string value;
  const std::pair<const char*, std::int64_t> wanted[] = {{"count", 1101}, {"zz1", 77}, {"zz2", 8}};
  for (const auto& [key, number] : wanted) {
    ASSERT_TRUE((*repaired)->GetInto(key, value).value()) << key;
    EXPECT_EQ(DecodeInt64(value), number) << key;
  }
}

TEST_F(RescueTest, VerifyAndInspectShowKeyspacesExpiryAndRangeDeletes) {
  MakeKinds();
  const auto report = VerifyDatabase(db_path());
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_TRUE(report->damages.empty());
  ASSERT_EQ(report->keyspaces.size(), 3U);
  EXPECT_EQ(report->keyspaces[1].name, "users");
  EXPECT_GT(report->keyspaces[1].entries, 0U);
  EXPECT_EQ(report->keyspaces[1].range_deletes, 1U);

  const std::string manifest = InspectAll("MANIFEST");
  for (const char* part : {"+ keyspace 1 \"users\"", "- keyspace 3", "keyspace 1 range delete",
                           ": r1 … r3", "+ keyspace 2 level 0 run", "expire until"}) {
    EXPECT_NE(manifest.find(part), std::string::npos) << part << " in\n" << manifest;
  }
  const std::string log = InspectAll(".wal");
  for (const char* part : {"keyspace 1 range_delete s1 … s2", "keyspace 2 merge count = "}) {
    EXPECT_NE(log.find(part), std::string::npos) << part << " in\n" << log;
  }
  const std::string tables = InspectAll(".arrow");
  for (const char* part : {"keyspace: 1", "put brief = v, expires at 4000000000000000"}) {
    EXPECT_NE(tables.find(part), std::string::npos) << part << " in\n" << tables;
  }
}

}  // namespace
}  // namespace quiver
