// What VersionSet promises about crashes and failures. Method: a fixed script of edits runs on a
// disk in memory; the power is cut, or a call fails, at every single operation of the script, and
// what the next open finds is compared with what was acknowledged.
#include "version/version_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

#include "base/random.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "testing/seed.h"
#include "version/version_builder.h"

namespace quiver {
namespace {

using io::OperationKind;
using quiver::testing::TestSeed;

constexpr DatabaseId kId{0x1111, 0x2222};

std::unique_ptr<io::Directory> OpenDirectory(io::FileSystem& files) {
  auto directory = files.OpenDirectory("/db", true);
  EXPECT_TRUE(directory.ok());
  return *std::move(directory);
}

VersionEdit::AddedTable Table(std::uint32_t level, RunNumber run, FileNumber number,
                              std::string key) {
  VersionEdit::AddedTable table{0, level, run, {}};
  table.summary.number = number;
  table.summary.size_bytes = 1000 + number;
  table.summary.entry_count = 1;
  table.summary.smallest_sequence = number;
  table.summary.largest_sequence = number;
  table.summary.smallest_key = key;
  table.summary.largest_key = std::move(key);
  return table;
}

std::string Describe(const Version& version, const ManifestState& state) {
  return version.Describe() + "log from " + std::to_string(state.first_log_segment) + ", flushed " +
         std::to_string(state.flushed_sequence);
}
std::string Describe(const VersionSet& versions) {
  return Describe(*versions.current(), versions.state());
}

// The script: flushes of one table, every third edit a merge of everything into level 1.
VersionEdit NextEdit(VersionSet& versions) {
  VersionEdit edit;
  const VersionRef version = versions.current();
  const FileNumber number = versions.NewFileNumber();
  if (version->table_count() % 3 == 2) {
    for (std::uint32_t level = 0; level < version->levels().size(); ++level) {
      for (const SortedRun& run : version->level(level).runs) {
        for (const TableFileRef& table : run.tables) {
          edit.removed.push_back({0, level, run.number, table->summary.number});
        }
      }
    }
    edit.added.push_back(Table(1, versions.NewRunNumber(), number, "merged"));
  } else {
    edit.added.push_back(Table(0, versions.NewRunNumber(), number, "flushed"));
    edit.first_log_segment = number;
    edit.flushed_sequence = number;
  }
  return edit;
}

std::string DescribeAfter(const VersionSet& versions, const VersionEdit& edit) {
  VersionBuilder builder(*versions.current());
  EXPECT_TRUE(builder.Apply(edit).ok());
  ManifestState state = versions.state();
  state.first_log_segment = edit.first_log_segment.value_or(state.first_log_segment);
  state.flushed_sequence = edit.flushed_sequence.value_or(state.flushed_sequence);
  return Describe(*std::move(builder).Build(), state);
}

// What the script knows: what was acknowledged, and what was not but may be found.
struct Knowledge {
  bool created = false;
  std::string acknowledged;
  std::vector<std::string> possible;
  /// Largest number handed out, from the first record of a session on: before it nothing is
  /// written that could remember one.
  std::uint64_t number_used = 0;
  bool has_recorded = false;

  bool Allows(const std::string& found) const {
    return found == acknowledged ||
           std::find(possible.begin(), possible.end(), found) != possible.end();
  }
};

void ApplySome(VersionSet& versions, int count, Knowledge& known) {
  for (int i = 0; i < count; ++i) {
    const VersionEdit edit = NextEdit(versions);
    const std::string after = DescribeAfter(versions, edit);
    known.possible.push_back(after);
    const auto applied = versions.Apply(edit);
    known.has_recorded |= applied.ok();
    if (known.has_recorded) known.number_used = edit.added.front().summary.number;
    if (applied) {
      known.acknowledged = after;
      known.possible.clear();
      EXPECT_EQ(Describe(versions), after);
    } else {
      EXPECT_EQ(Describe(versions), known.acknowledged) << "a failed edit must change nothing";
    }
  }
}

Knowledge RunScript(io::FileSystem& files) {
  Knowledge known;
  const auto directory = OpenDirectory(files);
  {
    auto created = VersionSet::Create(*directory, kId);
    if (!created) return known;
    known.created = true;
    known.has_recorded = true;
    known.acknowledged = Describe(**created);
    ApplySome(**created, 4, known);
  }
  auto opened = VersionSet::Open(*directory);
  if (!opened) return known;
  EXPECT_TRUE(known.Allows(Describe(**opened)));
  known.acknowledged = Describe(**opened);
  known.possible.clear();
  known.has_recorded = false;
  ApplySome(**opened, 4, known);
  return known;
}

void ExpectRecovers(io::FileSystem& files, const Knowledge& known, const std::string& where) {
  const auto directory = OpenDirectory(files);
  auto opened = VersionSet::Open(*directory);
  if (!known.created && !opened) {
    ASSERT_EQ(opened.error().code(), ErrorCode::kNotFound) << where << opened.error().ToString();
    auto created = VersionSet::Create(*directory, kId);
    ASSERT_TRUE(created.ok()) << where << created.error().ToString();
    return;
  }
  ASSERT_TRUE(opened.ok()) << where << opened.error().ToString();
  const std::string found = Describe(**opened);
  if (known.created) {
    EXPECT_TRUE(known.Allows(found)) << where << "found\n"
                                     << found << "\nacknowledged\n"
                                     << known.acknowledged;
  }
  EXPECT_GT((*opened)->NewFileNumber(), known.number_used)
      << where << "a number was handed out twice";

  // The recovered set works: an edit on top survives the next crash.
  Knowledge after;
  after.acknowledged = found;
  ApplySome(**opened, 1, after);
  opened->reset();
  auto reopened = VersionSet::Open(*directory);
  ASSERT_TRUE(reopened.ok()) << where << reopened.error().ToString();
  EXPECT_EQ(Describe(**reopened), after.acknowledged) << where;
}

TEST(VersionSet, StartsEmptyAndFindsAgainWhatWasApplied) {
  io::MemoryFileSystem files;
  const Knowledge known = RunScript(files);
  const auto directory = OpenDirectory(files);
  auto opened = VersionSet::Open(*directory);
  ASSERT_TRUE(opened.ok()) << opened.error().ToString();
  EXPECT_EQ(Describe(**opened), known.acknowledged);
  EXPECT_EQ((*opened)->database_id(), kId);
  EXPECT_EQ((*opened)->recovery_note(), "");
  EXPECT_TRUE((*opened)->current()->Validate().ok());
}

TEST(VersionSet, KeepsEveryAcknowledgedEditThroughAPowerCutAtAnyOperation) {
  Random random(TestSeed(4));
  io::MemoryFileSystem dry;
  io::FaultFileSystem dry_faults(dry);
  RunScript(dry_faults);
  const std::uint64_t operations = dry_faults.operation_count();
  ASSERT_GT(operations, 50U);
  for (std::uint64_t cut = 0; cut <= operations; ++cut) {
    for (int model = 0; model < 6; ++model) {
      io::MemoryFileSystem disk;
      io::FaultFileSystem files(disk);
      files.SetReach(static_cast<io::FaultReach>(model % 3));
      files.SetHook(io::FailOperations(cut, std::numeric_limits<std::uint64_t>::max(),
                                       Error(ErrorCode::kIo, "power cut")));
      Knowledge known;
      if (cut != 0) known = RunScript(files);
      if (model < 2) {
        disk.Crash();
      } else {
        disk.Crash(random);
      }
      ExpectRecovers(disk, known, "cut at operation " + std::to_string(cut) + ": ");
      if (HasFailure()) return;
    }
  }
}

TEST(VersionSet, SurvivesASingleFailureOfAnyOperationAndACrashBehindIt) {
  Random random(TestSeed(5));
  io::MemoryFileSystem dry;
  io::FaultFileSystem dry_faults(dry);
  RunScript(dry_faults);
  const std::uint64_t operations = dry_faults.operation_count();
  for (std::uint64_t failing = 1; failing <= operations; ++failing) {
    for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kNoSpace}) {
      io::MemoryFileSystem disk;
      io::FaultFileSystem files(disk);
      files.SetReach(static_cast<io::FaultReach>(random.Below(3)));
      files.SetHook(io::FailOperations(failing, 1, Error(code, "injected")));
      const Knowledge known = RunScript(files);
      disk.Crash(random);
      ExpectRecovers(disk, known, "failed operation " + std::to_string(failing) + ": ");
      if (HasFailure()) return;
    }
  }
}

TEST(VersionSet, AbandonsTheManifestAfterAFailedSyncAndGoesOnInANewOne) {
  io::MemoryFileSystem disk;
  io::FaultFileSystem files(disk);
  const auto directory = OpenDirectory(files);
  auto versions = *VersionSet::Create(*directory, kId);
  Knowledge known;
  ApplySome(*versions, 1, known);
  const std::string before = versions->manifest_name();
  bool failed = false;
  files.SetHook([&](OperationKind kind, std::string_view name) -> std::optional<Error> {
    if (failed || kind != OperationKind::kSyncFile || name != before) return std::nullopt;
    failed = true;
    return Error(ErrorCode::kIo, "injected");
  });
  const VersionEdit edit = NextEdit(*versions);
  ASSERT_TRUE(versions->Apply(edit).ok());
  EXPECT_TRUE(failed);
  EXPECT_NE(versions->manifest_name(), before);
  const std::string expected = Describe(*versions);
  EXPECT_EQ(directory->OpenForRead(before).error().code(), ErrorCode::kNotFound);
  disk.Crash();
  const auto after = OpenDirectory(disk);
  EXPECT_EQ(Describe(**VersionSet::Open(*after)), expected);
}

TEST(VersionSet, ReturnsTheErrorAndChangesNothingWhileTheDiskFailsAndRecoversWithIt) {
  io::MemoryFileSystem disk;
  io::FaultFileSystem files(disk);
  const auto directory = OpenDirectory(files);
  auto versions = *VersionSet::Create(*directory, kId);
  Knowledge known;
  ApplySome(*versions, 2, known);
  files.SetHook([](OperationKind kind, std::string_view) -> std::optional<Error> {
    if (kind < OperationKind::kLock) return std::nullopt;
    return Error(ErrorCode::kNoSpace, "the disk is full");
  });
  const std::string before = Describe(*versions);
  for (int i = 0; i < 3; ++i) {
    const auto applied = versions->Apply(NextEdit(*versions));
    ASSERT_FALSE(applied.ok());
    EXPECT_EQ(applied.error().code(), ErrorCode::kNoSpace);
    EXPECT_EQ(Describe(*versions), before);
  }
  files.SetHook({});
  ASSERT_TRUE(versions->Apply(NextEdit(*versions)).ok());
  const std::string after = Describe(*versions);
  versions.reset();
  disk.Crash();
  EXPECT_EQ(Describe(**VersionSet::Open(*OpenDirectory(disk))), after);
}

TEST(VersionSet, RollsOverToASmallManifestWhenTheOldOneHasGrown) {
  io::MemoryFileSystem disk;
  const auto directory = OpenDirectory(disk);
  auto versions = *VersionSet::Create(*directory, kId);
  const std::string key(kKeyBytesMax, 'k');
  const std::string first = versions->manifest_name();
  std::uint64_t largest = 0;
  int edits = 0;
  FileNumber previous = 0;
  while (versions->manifest_name() == first) {
    VersionEdit edit;
    const FileNumber number = versions->NewFileNumber();
    if (previous != 0) edit.removed.push_back({0, 1, previous, previous});
    edit.added.push_back(Table(1, number, number, key));
    ASSERT_TRUE(versions->Apply(edit).ok());
    previous = number;
    largest = std::max(largest, versions->manifest_bytes());
    ASSERT_LT(++edits, 200);
  }
  EXPECT_GT(largest, std::uint64_t{4} << 20);
  EXPECT_LT(versions->manifest_bytes(), std::uint64_t{1} << 20);
  EXPECT_EQ(versions->current()->table_count(), 1U);
  std::size_t manifests = 0;
  const std::vector<io::DirectoryEntry> entries = *directory->List();
  for (const io::DirectoryEntry& entry : entries) {
    manifests += ParseFileName(entry.name).kind == FileKind::kManifest;
  }
  EXPECT_EQ(manifests, 1U);
  const std::string expected = Describe(*versions);
  disk.Crash();
  EXPECT_EQ(Describe(**VersionSet::Open(*OpenDirectory(disk))), expected);
}

std::string DescribeKeyspaces(const Catalog& catalog) {
  std::string text = "next " + std::to_string(catalog.next_id());
  for (const KeyspaceRecord& keyspace : catalog.keyspaces()) {
    text += "\n" + std::to_string(keyspace.id) + " " + keyspace.name + " [" + keyspace.settings +
            "] flushed " + std::to_string(keyspace.flushed_sequence) + " tables " +
            std::to_string(keyspace.version->table_count());
    const RangeDeletesRef& ranges = keyspace.version->range_deletes();
    if (ranges == nullptr) continue;
    const std::vector<RangeDelete> all = ranges->all();
    for (const RangeDelete& range : all) {
      text += " " + range.begin + "-" + range.end + "@" + std::to_string(range.sequence);
    }
  }
  return text;
}

TEST(VersionSet, ANewManifestSaysAllThatTheOldOneSaidOfKeyspaces) {
  io::MemoryFileSystem disk;
  const auto directory = OpenDirectory(disk);
  auto versions = *VersionSet::Create(*directory, kId);
  VersionEdit edit;
  edit.keyspaces = {{1, "first", "merge_operator = \"append\"\n"}, {2, "brief", ""}};
  edit.added = {Table(1, 1, versions->NewFileNumber(), "a"),
                Table(1, 2, versions->NewFileNumber(), "b")};
  edit.added[1].keyspace = 1;
  edit.keyspace_flushed = {{1, 77}};
  edit.flushed_sequence = 33;
  edit.added_range_deletes = {{0, {"a", "c", 50}}, {1, {"a", "x", 60}}, {1, {"b", "y", 70}}};
  ASSERT_TRUE(versions->Apply(edit).ok());
  VersionEdit drop;
  drop.dropped_keyspaces = {2};
  ASSERT_TRUE(versions->Apply(drop).ok());
  const std::string expected = DescribeKeyspaces(*versions->catalog());
  EXPECT_NE(expected.find("flushed 77"), std::string::npos) << expected;
  EXPECT_NE(expected.find("b-y@70"), std::string::npos) << expected;

  const std::string first = versions->manifest_name();
  versions->Close();
  versions = *VersionSet::Open(*directory);
  ASSERT_TRUE(versions->Apply({}).ok());  // the first edit after an open begins a new manifest
  ASSERT_NE(versions->manifest_name(), first);
  disk.Crash();
  EXPECT_EQ(DescribeKeyspaces(*(*VersionSet::Open(*OpenDirectory(disk)))->catalog()), expected);
}

TEST(VersionSet, OpenWritesNothing) {
  io::MemoryFileSystem disk;
  RunScript(disk);
  io::FaultFileSystem files(disk);
  const auto directory = OpenDirectory(files);
  files.ClearLog();
  ASSERT_TRUE(VersionSet::Open(*directory).ok());
  EXPECT_TRUE(files.log().empty());
}

TEST(VersionSet, HandsOutNumbersWithoutGapsAcrossACleanClose) {
  io::MemoryFileSystem disk;
  const auto directory = OpenDirectory(disk);
  std::uint64_t file_number = 0;
  RunNumber run_number = 0;
  {
    auto versions = *VersionSet::Create(*directory, kId);
    Knowledge known;
    ApplySome(*versions, 3, known);
    file_number = versions->NewFileNumber();
    run_number = versions->NewRunNumber();
    versions->Close();
  }
  auto versions = *VersionSet::Open(*directory);
  EXPECT_EQ(versions->NewFileNumber(), file_number + 1);
  EXPECT_EQ(versions->NewRunNumber(), run_number + 1);
  versions->ReserveFileNumber(500);
  EXPECT_EQ(versions->NewFileNumber(), 501U);
  versions->ReserveFileNumber(7);
  EXPECT_EQ(versions->NewFileNumber(), 502U);
  EXPECT_GT(versions->handed_out_end(), 503U);
  EXPECT_LT(versions->handed_out_end(), 10'000'000U);
  versions->ReserveFileNumber(10'000'000);
  versions->ReserveFileNumber(~std::uint64_t{0});
  EXPECT_EQ(versions->NewFileNumber(), 503U) << "a foreign number is not passed";
}

TEST(VersionSet, LetsAnyThreadReadAndTakeNumbersWhileEditsAreApplied) {
  io::MemoryFileSystem disk;
  const auto directory = OpenDirectory(disk);
  auto versions = *VersionSet::Create(*directory, kId);
  std::vector<std::vector<std::uint64_t>> taken(3);
  std::atomic<bool> done{false};
  {
    std::vector<std::jthread> readers;
    for (std::vector<std::uint64_t>& numbers : taken) {
      readers.emplace_back([&] {
        SequenceNumber flushed = 0;
        for (int i = 0; i < 2000 || !done.load(); ++i) {
          if (numbers.size() < 5000) numbers.push_back(versions->NewFileNumber());
          (void)versions->NewRunNumber();
          EXPECT_LE(versions->current()->table_count(), 100U);
          EXPECT_GE(versions->state().flushed_sequence, flushed);
          flushed = versions->state().flushed_sequence;
          EXPECT_FALSE(versions->manifest_name().empty());
        }
      });
    }
    Knowledge known;
    ApplySome(*versions, 60, known);
    done = true;
  }
  std::vector<std::uint64_t> all;
  for (const auto& numbers : taken) all.insert(all.end(), numbers.begin(), numbers.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

TEST(VersionSet, RefusesAnEditThatDoesNotFitOrTakesTheLogBack) {
  io::MemoryFileSystem disk;
  const auto directory = OpenDirectory(disk);
  auto versions = *VersionSet::Create(*directory, kId);
  VersionEdit forward;
  forward.first_log_segment = 9;
  forward.flushed_sequence = 100;
  ASSERT_TRUE(versions->Apply(forward).ok());
  VersionEdit back;
  back.flushed_sequence = 99;
  VersionEdit unknown;
  unknown.removed.push_back({0, 0, 1, 77});
  for (const VersionEdit& edit : {back, unknown}) {
    const auto applied = versions->Apply(edit);
    ASSERT_FALSE(applied.ok());
    EXPECT_EQ(applied.error().code(), ErrorCode::kInternal);
  }
  EXPECT_EQ(versions->state().flushed_sequence, 100U);
  EXPECT_EQ(Describe(**VersionSet::Open(*directory)), Describe(*versions));
}

}  // namespace
}  // namespace quiver
