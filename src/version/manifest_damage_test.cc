// What VersionSet::Open answers to files that are not what was written. Method: every bit of every
// file is flipped, files are cut at every byte, records are copied and swapped, files are missing
// or foreign. The answer is an error that names the file, or the right state; never a wrong one.
#include <gtest/gtest.h>

#include <set>

#include "base/coding.h"
#include "base/hash.h"
#include "base/random.h"
#include "io/memory_file_system.h"
#include "testing/seed.h"
#include "version/identity_file.h"
#include "version/manifest_format.h"
#include "version/version_set.h"

namespace quiver {
namespace {

constexpr DatabaseId kId{0xABCDEF, 0x123456789};

class ManifestDamage : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = *files_.OpenDirectory("/db", true);
    auto versions = *VersionSet::Create(*directory_, kId);
    states_.insert(Describe(*versions));
    for (int i = 0; i < 4; ++i) {
      VersionEdit edit;
      edit.added.push_back(Table(versions->NewFileNumber(), versions->NewRunNumber()));
      edit.flushed_sequence = 10 * (i + 1);
      ASSERT_TRUE(versions->Apply(edit).ok());
      states_.insert(Describe(*versions));
    }
    manifest_ = versions->manifest_name();
    last_ = Describe(*versions);
    versions->Close();
  }

  static VersionEdit::AddedTable Table(FileNumber number, RunNumber run) {
    VersionEdit::AddedTable table{0, 0, run, {}};
    table.summary.number = number;
    table.summary.entry_count = 3;
    table.summary.smallest_sequence = number;
    table.summary.largest_sequence = number;
    table.summary.smallest_key = "a";
    table.summary.largest_key = "z";
    return table;
  }

  static std::string Describe(const VersionSet& versions) {
    return versions.current()->Describe() + std::to_string(versions.state().flushed_sequence);
  }

  std::string Read(std::string_view name) { return *io::ReadWholeFile(*directory_, name, 1 << 20); }
  void Write(std::string_view name, std::string_view bytes) {
    ASSERT_TRUE(io::ReplaceFileDurably(*directory_, name, bytes).ok());
  }

  /// The code of the error, having checked that it names `file`.
  ErrorCode OpenError(std::string_view file) {
    const auto opened = VersionSet::Open(*directory_);
    EXPECT_FALSE(opened.ok()) << Describe(**opened);
    if (opened) return ErrorCode::kInternal;
    EXPECT_EQ(opened.error().file(), file) << opened.error().ToString();
    return opened.error().code();
  }

  /// Flips every bit of `name`: each open must fail with one of `codes`, or find the last state.
  void FlipEveryBit(const std::string& name, const std::set<ErrorCode>& codes,
                    std::size_t& harmless) {
    const std::string whole = Read(name);
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::string damaged = whole;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      Write(name, damaged);
      const auto opened = VersionSet::Open(*directory_);
      if (opened) {
        ++harmless;
        ASSERT_EQ(Describe(**opened), last_) << name << ", bit " << bit;
      } else {
        ASSERT_TRUE(codes.contains(opened.error().code())) << opened.error().ToString();
        ASSERT_EQ(opened.error().file(), name);
      }
    }
    Write(name, whole);
    ASSERT_TRUE(VersionSet::Open(*directory_).ok());
  }

  std::vector<manifest::Record> Records(std::string_view bytes) {
    const auto header = manifest::DecodeHeader(bytes, manifest_);
    std::vector<manifest::Record> records;
    std::uint64_t offset = manifest::kHeaderBytes;
    while (auto record = manifest::DecodeRecord(bytes, header->identity(), offset)) {
      records.push_back(*record);
      offset = record->end();
    }
    return records;
  }

  io::MemoryFileSystem files_;
  std::unique_ptr<io::Directory> directory_;
  std::string manifest_;
  std::string last_;
  std::set<std::string> states_;
};

TEST_F(ManifestDamage, EveryFlippedBitIsNoticedOrHarmless) {
  std::size_t harmless = 0;
  FlipEveryBit(manifest_, {ErrorCode::kCorruption}, harmless);
  // The end record only says that all before it counts; damage to it alone costs nothing.
  const std::string bytes = Read(manifest_);
  const manifest::Record end = Records(bytes).back();
  EXPECT_EQ(harmless, 8 * (bytes.size() - end.offset));

  std::size_t none = 0;
  FlipEveryBit(std::string(kCurrentName), {ErrorCode::kCorruption}, none);
  FlipEveryBit(std::string(kIdentityName), {ErrorCode::kCorruption}, none);
  EXPECT_EQ(none, 0U);
}

TEST_F(ManifestDamage, AManifestCutAnywhereGivesAnEarlierStateOrAnError) {
  const std::string whole = Read(manifest_);
  std::set<std::string> found;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Write(manifest_, whole.substr(0, size));
    const auto opened = VersionSet::Open(*directory_);
    if (opened) {
      ASSERT_TRUE(states_.contains(Describe(**opened))) << size;
      found.insert(Describe(**opened));
    } else {
      ASSERT_EQ(opened.error().code(), ErrorCode::kCorruption);
      ASSERT_EQ(opened.error().file(), manifest_);
    }
  }
  EXPECT_EQ(found.size(), states_.size()) << "every record but the snapshot can be the last";
}

TEST_F(ManifestDamage, ATornLastRecordOfACrashedSessionIsUndoneAndReported) {
  const std::string whole = Read(manifest_);
  const auto records = Records(whole);
  const manifest::Record& last_edit = records[records.size() - 2];
  std::string torn = whole.substr(0, last_edit.end());
  torn[last_edit.end() - 9] = static_cast<char>(torn[last_edit.end() - 9] ^ 1);
  Write(manifest_, torn);
  auto opened = VersionSet::Open(*directory_);
  ASSERT_TRUE(opened.ok());
  EXPECT_NE(Describe(**opened), last_);
  EXPECT_NE((*opened)->recovery_note().find(manifest_), std::string::npos);
  EXPECT_NE((*opened)->recovery_note().find(std::to_string(last_edit.offset)), std::string::npos);
}

// A power cut in the middle of a write leaves any of its sectors, and any size on the way.
TEST_F(ManifestDamage, ARecordTornInAnyWayIsThereOrUndone) {
  {
    auto versions = *VersionSet::Open(*directory_);
    VersionEdit edit;
    for (int i = 0; i < 60; ++i) {
      auto table = Table(versions->NewFileNumber(), versions->NewRunNumber());
      table.summary.largest_key = std::string(50, 'z');
      edit.added.push_back(table);
    }
    ASSERT_TRUE(versions->Apply({}).ok());  // the snapshot of the new manifest
    ASSERT_TRUE(versions->Apply(edit).ok());
    manifest_ = versions->manifest_name();
  }
  const std::string whole = Read(manifest_);
  manifest::Record record;
  std::uint64_t offset = manifest::kHeaderBytes;
  const std::uint64_t identity = manifest::DecodeHeader(whole, manifest_)->identity();
  for (int i = 0; i < 2; ++i) {
    record = *manifest::DecodeRecord(whole, identity, offset);
    offset = record.end();
  }
  ASSERT_GT(record.end() - record.offset, 8 * 512U);
  Random random(quiver::testing::TestSeed(9));
  int undone = 0;
  int there = 0;
  for (int i = 0; i < 500; ++i) {
    const bool all_arrived = random.OneIn(4);
    std::string torn = whole.substr(0, record.end());
    for (std::size_t sector = record.offset / 512; sector * 512 < torn.size(); ++sector) {
      if (all_arrived || random.OneIn(2)) continue;
      const std::size_t first = std::max<std::size_t>(sector * 512, record.offset);
      const std::size_t last = std::min(sector * 512 + 512, torn.size());
      std::fill(torn.begin() + static_cast<std::ptrdiff_t>(first),
                torn.begin() + static_cast<std::ptrdiff_t>(last), '\0');
    }
    if (random.OneIn(3)) torn.resize(record.offset + random.Below(torn.size() - record.offset));
    Write(manifest_, torn);
    auto opened = VersionSet::Open(*directory_);
    ASSERT_TRUE(opened.ok()) << opened.error().ToString();
    const bool is_whole = torn == whole.substr(0, record.end());
    EXPECT_EQ((*opened)->current()->table_count(), is_whole ? 64U : 4U);
    EXPECT_EQ((*opened)->recovery_note().empty(), is_whole || torn.size() == record.offset);
    ++(is_whole ? there : undone);
  }
  EXPECT_GT(undone, 100);
  EXPECT_GT(there, 50);
}

TEST_F(ManifestDamage, TheSameDamageBehindACleanCloseIsCorruption) {
  const std::string whole = Read(manifest_);
  const auto records = Records(whole);
  std::string damaged = whole;
  damaged[records[records.size() - 2].end() - 9] ^= 1;
  Write(manifest_, damaged);
  EXPECT_EQ(OpenError(manifest_), ErrorCode::kCorruption);
}

TEST_F(ManifestDamage, CopiedSwappedAndAppendedRecordsAreNeverTaken) {
  const std::string whole = Read(manifest_);
  const auto records = Records(whole);
  ASSERT_EQ(records.size(), 6U);
  const auto slice = [&](std::size_t i) {
    return whole.substr(records[i].offset, records[i].end() - records[i].offset);
  };
  const std::string head = whole.substr(0, records[1].offset);
  const std::string end = slice(5);
  ASSERT_EQ(slice(1).size(), slice(2).size());
  for (const std::string& bytes :
       {head + slice(2) + slice(1) + slice(3) + slice(4) + end,  // swapped in place
        head + slice(1) + slice(1) + slice(3) + slice(4) + end,  // one twice, one missing
        whole + slice(1), whole + std::string(8, '\0'), whole + std::string(4096, '\0')}) {
    Write(manifest_, bytes);
    EXPECT_EQ(OpenError(manifest_), ErrorCode::kCorruption);
  }
  // Where everything behind is moved too, nothing there verifies: it looks like a torn tail.
  for (const std::string& bytes :
       {head + slice(2) + slice(3) + slice(4) + end,
        head + slice(1) + slice(1) + slice(2) + slice(3) + slice(4) + end}) {
    Write(manifest_, bytes);
    auto opened = VersionSet::Open(*directory_);
    ASSERT_TRUE(opened.ok());
    EXPECT_TRUE(states_.contains(Describe(**opened)));
    EXPECT_NE((*opened)->recovery_note(), "");
  }
}

// A sector that went back to what an earlier life of the file held: the record verifies where it
// stands, only the chain knows better.
TEST_F(ManifestDamage, ARecordOfAnotherHistoryOfTheManifestIsNeverTaken) {
  const auto other = *files_.OpenDirectory("/other", true);
  auto versions = *VersionSet::Create(*other, kId);
  for (int i = 0; i < 4; ++i) {
    VersionEdit edit;
    edit.added.push_back(Table(versions->NewFileNumber(), versions->NewRunNumber()));
    edit.added.back().summary.largest_key = "y";
    edit.flushed_sequence = 10 * (i + 1);
    ASSERT_TRUE(versions->Apply(edit).ok());
  }
  versions->Close();
  const std::string whole = Read(manifest_);
  const std::string history = *io::ReadWholeFile(*other, manifest_, 1 << 20);
  ASSERT_EQ(history.size(), whole.size());
  const std::vector<manifest::Record> records = Records(whole);
  ASSERT_GE(records.size(), 5U);
  for (std::size_t i = 1; i + 1 < records.size(); ++i) {
    const std::uint64_t begin = records[i].offset;
    const std::uint64_t count = records[i].end() - begin;
    std::string mixed = whole;
    mixed.replace(begin, count, history, begin, count);
    ASSERT_NE(mixed, whole);
    Write(manifest_, mixed);
    EXPECT_EQ(OpenError(manifest_), ErrorCode::kCorruption) << "record " << i;
  }
}

TEST_F(ManifestDamage, AManifestOfAnotherDatabaseOrNumberIsRefused) {
  io::MemoryFileSystem other_files;
  const auto other = *other_files.OpenDirectory("/db", true);
  {
    ASSERT_TRUE(VersionSet::Create(*other, DatabaseId{5, 6}).ok());
  }
  const std::string foreign = *io::ReadWholeFile(*other, manifest_, 1 << 20);
  const std::string whole = Read(manifest_);
  Write(manifest_, foreign);
  EXPECT_EQ(OpenError(manifest_), ErrorCode::kCorruption);
  Write(ManifestName(9), whole);
  ASSERT_TRUE(WriteCurrentFile(*directory_, kId, 9).ok());
  EXPECT_EQ(OpenError(ManifestName(9)), ErrorCode::kCorruption);
}

TEST_F(ManifestDamage, ACurrentOrIdentityOfAnotherDatabaseIsRefused) {
  ASSERT_TRUE(WriteCurrentFile(*directory_, DatabaseId{5, 6}, 1).ok());
  EXPECT_EQ(OpenError(kCurrentName), ErrorCode::kCorruption);
  ASSERT_TRUE(WriteCurrentFile(*directory_, kId, 1).ok());
  ASSERT_TRUE(WriteIdentityFile(*directory_, DatabaseId{5, 6}).ok());
  EXPECT_EQ(OpenError(kCurrentName), ErrorCode::kCorruption);
}

std::string CurrentFor(std::string_view name) {
  std::string hex(17, '\0');
  std::snprintf(hex.data(), hex.size(), "%016llx",
                static_cast<unsigned long long>(Checksum(name, PlaceSeed(kId.FileIdentity(0), 0))));
  hex.resize(16);
  return std::string(name) + " " + hex + "\n";
}

TEST_F(ManifestDamage, ACurrentThatPointsOutOfTheDirectoryIsRefusedThoughItsChecksumHolds) {
  Write(kCurrentName, CurrentFor(manifest_));
  ASSERT_TRUE(VersionSet::Open(*directory_).ok()) << "the checksum is made as the engine makes it";
  for (const char* name : {"../db/MANIFEST-0000000001", "/etc/passwd", "..", ".", "", "CURRENT",
                           "MANIFEST-1", "MANIFEST-0000000001/", "MANIFEST-0000000000"}) {
    Write(kCurrentName, CurrentFor(name));
    EXPECT_EQ(OpenError(kCurrentName), ErrorCode::kCorruption) << name;
  }
}

TEST_F(ManifestDamage, MissingFilesAreNamedAndNeverMistakenForAnEmptyDirectory) {
  const std::string current = Read(kCurrentName);
  const std::string identity = Read(kIdentityName);
  ASSERT_TRUE(directory_->Remove(kCurrentName).ok());
  EXPECT_EQ(OpenError(kCurrentName), ErrorCode::kCorruption);
  EXPECT_FALSE(VersionSet::Create(*directory_, kId).ok());
  Write(kCurrentName, current);
  ASSERT_TRUE(directory_->Remove(kIdentityName).ok());
  EXPECT_EQ(OpenError(kIdentityName), ErrorCode::kCorruption);
  Write(kIdentityName, identity);
  ASSERT_TRUE(directory_->Remove(manifest_).ok());
  EXPECT_EQ(OpenError(manifest_), ErrorCode::kCorruption);

  io::MemoryFileSystem empty;
  const auto nothing = *empty.OpenDirectory("/db", true);
  EXPECT_EQ(VersionSet::Open(*nothing).error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(io::ReplaceFileDurably(*nothing, "notes.txt", "hello").ok());
  EXPECT_EQ(VersionSet::Open(*nothing).error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(io::ReplaceFileDurably(*nothing, "0000000007.wal", "log").ok());
  EXPECT_EQ(VersionSet::Open(*nothing).error().code(), ErrorCode::kCorruption);
}

TEST_F(ManifestDamage, ANewerFormatIsUnsupportedAndNamesItsVersion) {
  const std::string identity = Read(kIdentityName);
  std::string text = "quiver database\nformat 2\nid " + kId.ToString() + "\nfeature more\n";
  std::string hex(17, '\0');
  std::snprintf(hex.data(), hex.size(), "%016llx",
                static_cast<unsigned long long>(Checksum(text, 0)));
  hex.resize(16);
  Write(kIdentityName, text + "checksum " + hex + "\n");
  const auto opened = VersionSet::Open(*directory_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(opened.error().message().find("format 2"), std::string::npos);
  Write(kIdentityName, identity);

  std::string bytes = Read(manifest_);
  StoreFixed<std::uint32_t>(bytes.data() + 8, 2);
  const std::uint64_t seed = PlaceSeed(kId.FileIdentity(1), 0);
  StoreFixed(bytes.data() + 56, Checksum(std::string_view(bytes).substr(0, 56), seed));
  Write(manifest_, bytes);
  EXPECT_EQ(OpenError(manifest_), ErrorCode::kUnsupported);
}

TEST_F(ManifestDamage, ARecordOfAnUnknownKindIsUnsupported) {
  std::string bytes = Read(manifest_);
  const auto records = Records(bytes);
  const manifest::Record& end = records.back();
  bytes.resize(end.offset);
  manifest::Record newer = end;
  newer.kind = 9;
  newer.payload = "whatever";
  manifest::AppendRecord(bytes, kId.FileIdentity(1), newer);
  Write(manifest_, bytes);
  EXPECT_EQ(OpenError(manifest_), ErrorCode::kUnsupported);
}

TEST_F(ManifestDamage, WalkManifestShowsEveryRecordAndGoesOnBehindDamage) {
  const auto walk = [&] {
    std::vector<ManifestRecord> records;
    EXPECT_TRUE(WalkManifest(*directory_, manifest_, [&](const ManifestRecord& record) {
                  records.push_back(record);
                  return true;
                }).ok());
    return records;
  };
  const auto whole = walk();
  ASSERT_EQ(whole.size(), 6U);
  EXPECT_EQ(whole[0].offset, manifest::kHeaderBytes);
  EXPECT_EQ(whole[1].edit.added.size(), 1U);
  EXPECT_EQ(whole[4].edit.flushed_sequence, 40U);

  std::string bytes = Read(manifest_);
  bytes[whole[2].offset + 40] ^= 4;
  Write(manifest_, bytes);
  const auto damaged = walk();
  ASSERT_EQ(damaged.size(), 6U);
  EXPECT_EQ(damaged[2].offset, whole[2].offset);
  EXPECT_NE(damaged[2].damage, "");
  EXPECT_EQ(damaged[3].edit, whole[3].edit);
  EXPECT_EQ(damaged[3].damage, "");

  int seen = 0;
  EXPECT_TRUE(
      WalkManifest(*directory_, manifest_, [&](const ManifestRecord&) { return ++seen < 2; }).ok());
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(
      WalkManifest(*directory_, "MANIFEST-0000000077", [](const ManifestRecord&) { return true; })
          .error()
          .code(),
      ErrorCode::kNotFound);
}

TEST(FileNames, AreParsedInTheirOneSpellingOnly) {
  const auto parse = [](std::string_view name) {
    const ParsedName parsed = ParseFileName(name);
    return std::pair(parsed.kind, parsed.number);
  };
  using Pair = std::pair<FileKind, std::uint64_t>;
  EXPECT_EQ(parse("0000000012.arrow"), Pair(FileKind::kTable, 12));
  EXPECT_EQ(parse("0000000012.wal"), Pair(FileKind::kLogSegment, 12));
  EXPECT_EQ(parse("MANIFEST-0000000003"), Pair(FileKind::kManifest, 3));
  EXPECT_EQ(parse("MANIFEST-12345678901"), Pair(FileKind::kManifest, 12345678901));
  EXPECT_EQ(ManifestName(3), "MANIFEST-0000000003");
  EXPECT_EQ(parse("CURRENT"), Pair(FileKind::kCurrent, 0));
  EXPECT_EQ(parse("IDENTITY"), Pair(FileKind::kIdentity, 0));
  EXPECT_EQ(parse("LOCK"), Pair(FileKind::kLock, 0));
  EXPECT_EQ(parse("CONFIG.toml"), Pair(FileKind::kConfig, 0));
  EXPECT_EQ(parse("CURRENT.tmp"), Pair(FileKind::kTemporary, 0));
  for (const char* name :
       {"", "12.arrow", "0000000000.arrow", "0000000012.ARROW", "0000000012.wal.tmp", "x.tmp",
        "MANIFEST-3", "MANIFEST-", "MANIFEST-00000000003", "MANIFEST--000000003", "current",
        "00000000012.wal", "+000000012.wal", "99999999999999999999.wal", "notes.arrow"}) {
    EXPECT_EQ(parse(name), Pair(FileKind::kForeign, 0)) << name;
  }
}

}  // namespace
}  // namespace quiver
