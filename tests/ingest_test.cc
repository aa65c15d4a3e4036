// Goal: an ingest is one write: whole or absent, newer than what came before and older than what
// comes after, for readers, snapshots, crashes and failing disks; and equal to the same rows put
// one by one.
//
// Method: an engine on a file system in memory, with the Arrow files beside it. Files of real
// writers are the business of tests/interop/ingest_test.py.
#include "quiver/ingest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "arrow_ipc/foreign_file.h"
#include "base/random.h"
#include "db/db_iterator.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "testing/engine_harness.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using testing::GetFrom;
using testing::HarnessConfig;
using testing::OpenEngine;
using testing::PutInto;

using Rows = std::vector<std::pair<std::string, std::string>>;
using State = std::map<std::string, std::string>;

std::filesystem::path WriteArrow(io::FileSystem& files, const std::string& name, const Rows& rows) {
  auto directory = files.OpenDirectory("/in", true);
  EXPECT_TRUE(directory) << directory.error().ToString();
  auto file = (*directory)->Create(name);
  EXPECT_TRUE(file) << file.error().ToString();
  arrow_ipc::PlainFileWriter writer(**file, "key", "value");
  for (const auto& [key, value] : rows) EXPECT_TRUE(writer.Add(key, value));
  EXPECT_TRUE(writer.Finish());
  EXPECT_TRUE((*file)->Close());
  return std::filesystem::path("/in") / name;
}

Result<IngestReport> Ingest(Engine& engine, const std::vector<std::filesystem::path>& files,
                            const IngestOptions& options = {}) {
  return engine.IngestArrow(files, options);
}

State StateOf(const Engine& engine, const Snapshot* snapshot = nullptr) {
  State state;
  auto rows = engine.NewIterator({.snapshot = snapshot});
  EXPECT_TRUE(rows);
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    EXPECT_TRUE(state.emplace(rows->key(), rows->value()).second);
  }
  EXPECT_TRUE(rows->status()) << rows->status().error().ToString();
  return state;
}

std::size_t TableCount(io::FileSystem& files) {
  auto directory = files.OpenDirectory("/db", false);
  const auto entries = (*directory)->List();
  return static_cast<std::size_t>(std::ranges::count_if(
      *entries, [](const auto& entry) { return entry.name.ends_with(".arrow"); }));
}

std::string NumberedKey(std::uint64_t number) {
  std::string text = std::to_string(number);
  return "key" + std::string(8 - text.size(), '0') + text;
}

Rows RandomRows(Random& random, std::size_t count, std::uint64_t key_space,
                std::size_t value_bytes) {
  Rows rows;
  for (std::size_t i = 0; i < count; ++i) {
    rows.emplace_back(NumberedKey(random.Below(key_space)),
                      std::to_string(i) + std::string(random.Below(2 * value_bytes), 'v'));
  }
  return rows;
}

TEST(IngestTest, EqualsTheSameRowsPutOneByOne) {
  Random random(testing::TestSeed(1));
  // Fits in memory; spills; spills in so many pieces that they are merged in between.
  for (const std::size_t count : {std::size_t{1}, std::size_t{2000}, std::size_t{40'000}}) {
    for (const bool sorted : {false, true}) {
      io::MemoryFileSystem disk;
      auto engine = *OpenEngine(disk, HarnessConfig(WalMode::kAsync));
      Rows rows = RandomRows(random, count, count, 100);
      // By key and then as they came, which the value begins with. (stable_sort takes memory by a
      // function of libstdc++ that clang 19 calls deprecated.)
      if (sorted) {
        std::ranges::sort(rows, {}, [](const Rows::value_type& row) {
          return std::pair(std::string_view(row.first), std::stoull(row.second));
        });
      }
      State expected;
      for (const auto& [key, value] : RandomRows(random, 500, count, 20)) {
        ASSERT_TRUE(PutInto(*engine, key, value));
        expected[key] = value;
      }
      for (const auto& [key, value] : rows) expected[key] = value;
      const auto split = static_cast<std::ptrdiff_t>(count / 3);
      const auto first = WriteArrow(disk, "a.arrow", Rows(rows.begin(), rows.begin() + split));
      const auto second = WriteArrow(disk, "b.arrow", Rows(rows.begin() + split, rows.end()));
      const auto report = Ingest(*engine, {first, second}, {.memory_bytes = 1 << 20});
      ASSERT_TRUE(report) << report.error().ToString();
      EXPECT_EQ(report->rows_read, count);
      EXPECT_EQ(report->was_sorted, sorted || count == 1);
      EXPECT_EQ(report->spilled_bytes != 0, !sorted && count == 40'000);
      EXPECT_EQ(StateOf(*engine), expected);
      ASSERT_TRUE(engine->CompactRange({}, {}));
      EXPECT_EQ(StateOf(*engine), expected);
      ASSERT_TRUE(engine->Close());
      engine = *OpenEngine(disk, HarnessConfig(WalMode::kAsync));
      EXPECT_EQ(StateOf(*engine), expected);
      EXPECT_EQ(engine->recovery_report().orphans_removed.size(), 0U) << "pieces were removed";
    }
  }
}

TEST(IngestTest, MergesPiecesInBetweenWhenThereAreMany) {
  Random random(testing::TestSeed(2));
  io::MemoryFileSystem disk;
  auto engine = *OpenEngine(disk, HarnessConfig(WalMode::kAsync));
  const std::size_t count = 90'000;  // of a kilobyte: more than 64 pieces of a megabyte
  Rows rows;
  State expected;
  for (std::size_t i = 0; i < count; ++i) {
    rows.emplace_back(NumberedKey(random.Below(count)), std::string(1000, char('a' + i % 26)));
    expected[rows.back().first] = rows.back().second;
  }
  const auto report =
      Ingest(*engine, {WriteArrow(disk, "a.arrow", rows)}, {.memory_bytes = 1 << 20});
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_GT(report->spilled_bytes, std::uint64_t{120} << 20) << "written once and merged once";
  EXPECT_EQ(StateOf(*engine), expected);
}

TEST(IngestTest, IsNewerThanWhatCameBeforeAndOlderThanWhatComesAfter) {
  io::MemoryFileSystem disk;
  auto engine = *OpenEngine(disk, HarnessConfig(WalMode::kBatch));
  const auto file = WriteArrow(disk, "a.arrow", {{"a", "in"}, {"b", "in"}, {"c", "in"}});
  for (const char* key : {"a", "b", "z"}) ASSERT_TRUE(PutInto(*engine, key, "before"));
  const auto snapshot = engine->NewSnapshot();
  auto open_before = engine->NewIterator({});
  open_before->SeekToFirst();
  const auto report = Ingest(*engine, {file});
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_GT(report->sequence, snapshot->sequence());
  EXPECT_EQ(report->level, 0U) << "keys before are in the way";
  const auto put = PutInto(*engine, "b", "after");
  ASSERT_TRUE(put);
  EXPECT_EQ(*put, report->sequence + 1) << "the next write has the next number";

  const State before{{"a", "before"}, {"b", "before"}, {"z", "before"}};
  const State after{{"a", "in"}, {"b", "after"}, {"c", "in"}, {"z", "before"}};
  EXPECT_EQ(StateOf(*engine), after);
  EXPECT_EQ(StateOf(*engine, &*snapshot), before);
  State seen;
  for (; open_before->Valid(); open_before->Next())
    seen.emplace(open_before->key(), open_before->value());
  EXPECT_EQ(seen, before);
  ASSERT_TRUE(engine->CompactRange({}, {}));
  EXPECT_EQ(StateOf(*engine, &*snapshot), before);
  EXPECT_EQ(StateOf(*engine), after);
  // A crash keeps it, and the numbers of the log go on behind it.
  const auto image = disk.CrashImage(nullptr);
  auto reopened = OpenEngine(*image, HarnessConfig(WalMode::kBatch));
  ASSERT_TRUE(reopened) << reopened.error().ToString();
  EXPECT_EQ(GetFrom(**reopened, "c")->value(), "in");
  EXPECT_GE((*reopened)->recovery_report().last_sequence, report->sequence);
  ASSERT_TRUE(PutInto(**reopened, "d", "later"));
  ASSERT_TRUE((*reopened)->Close());
}

TEST(IngestTest, AnIngestOutlivesADamagedLog) {
  io::MemoryFileSystem disk;
  DatabaseConfig config = HarnessConfig(WalMode::kSync);
  auto engine = *OpenEngine(disk, config);
  ASSERT_TRUE(Ingest(*engine, {WriteArrow(disk, "a.arrow", {{"a", "in"}})}));
  const auto image = disk.CrashImage(nullptr);
  auto directory = *image->OpenDirectory("/db", false);
  const auto entries = *directory->List();
  for (const io::DirectoryEntry& entry : entries) {
    if (!entry.name.ends_with(".wal")) continue;
    std::string bytes = *io::ReadWholeFile(*directory, entry.name, std::uint64_t{1} << 30);
    ASSERT_GT(bytes.size(), 200U);
    bytes[200] =
        static_cast<char>(bytes[200] ^ 1);  // in the first frame, which passes over numbers
    ASSERT_TRUE(io::ReplaceFileDurably(*directory, entry.name, bytes));
  }
  config.wal_recovery_mode = WalRecoveryMode::kSkipAnyCorrupt;
  for (int opening = 0; opening < 2; ++opening) {
    auto reopened = OpenEngine(*image, config);
    ASSERT_TRUE(reopened) << reopened.error().ToString();
    EXPECT_EQ(GetFrom(**reopened, "a")->value(), opening == 0 ? "in" : "later");
    const auto put = PutInto(**reopened, "a", "later");
    ASSERT_TRUE(put) << put.error().ToString();
    EXPECT_EQ(GetFrom(**reopened, "a")->value(), "later");
    ASSERT_TRUE((*reopened)->Close());
  }
}

TEST(IngestTest, RangeDeletesAndDeletesBeforeItHideNothingOfIt) {
  io::MemoryFileSystem disk;
  auto engine = *OpenEngine(disk, HarnessConfig(WalMode::kAsync));
  std::string encoded;
  AppendBatchEntry(encoded, {.operation = Operation::kRangeDelete, .key = "a", .value = "x"});
  AppendBatchEntry(encoded, {.operation = Operation::kDelete, .key = "b"});
  ASSERT_TRUE(engine->Write(encoded, 2, {}));
  ASSERT_TRUE(Ingest(*engine, {WriteArrow(disk, "a.arrow", {{"a", "1"}, {"b", "2"}})}));
  EXPECT_EQ(StateOf(*engine), (State{{"a", "1"}, {"b", "2"}}));
  ASSERT_TRUE(engine->Flush());
  ASSERT_TRUE(engine->CompactRange({}, {}));
  EXPECT_EQ(StateOf(*engine), (State{{"a", "1"}, {"b", "2"}}));
  ASSERT_TRUE(engine->Write(encoded, 2, {}));
  EXPECT_EQ(StateOf(*engine), State());
}

TEST(IngestTest, GoesDeepWhereNothingOverlaps) {
  io::MemoryFileSystem disk;
  auto engine = *OpenEngine(disk, HarnessConfig(WalMode::kAsync));
  EXPECT_EQ(Ingest(*engine, {WriteArrow(disk, "a.arrow", {{"m", "1"}, {"n", "1"}})})->level, 6U);
  EXPECT_EQ(Ingest(*engine, {WriteArrow(disk, "b.arrow", {{"a", "1"}, {"b", "1"}})})->level, 6U);
  EXPECT_EQ(Ingest(*engine, {WriteArrow(disk, "c.arrow", {{"x", "1"}, {"y", "1"}})})->level, 6U);
  EXPECT_EQ(Ingest(*engine, {WriteArrow(disk, "d.arrow", {{"a", "2"}, {"z", "2"}})})->level, 0U);
  EXPECT_EQ(
      StateOf(*engine),
      (State{{"a", "2"}, {"b", "1"}, {"m", "1"}, {"n", "1"}, {"x", "1"}, {"y", "1"}, {"z", "2"}}));
}

TEST(IngestTest, DuplicatesCanBeRefused) {
  for (const bool sorted : {true, false}) {
    io::MemoryFileSystem disk;
    auto engine = *OpenEngine(disk, HarnessConfig(WalMode::kAsync));
    const Rows rows = sorted ? Rows{{"a", "1"}, {"b", "1"}, {"b", "2"}}
                             : Rows{{"b", "1"}, {"a", "1"}, {"b", "2"}};
    const auto file = WriteArrow(disk, "a.arrow", rows);
    const auto refused = Ingest(*engine, {file}, {.refuse_duplicates = true});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(refused.error().message().find("key b"), std::string::npos);
    EXPECT_EQ(StateOf(*engine), State());
    EXPECT_EQ(TableCount(disk), 0U);
    const auto taken = Ingest(*engine, {file});
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->rows_written, 2U);
    EXPECT_EQ(StateOf(*engine), (State{{"a", "1"}, {"b", "2"}}));
  }
}

TEST(IngestTest, WhatNoPutWouldTakeChangesNothing) {
  io::MemoryFileSystem disk;
  DatabaseConfig config = HarnessConfig(WalMode::kAsync);
  config.key_width_bytes = 3;
  auto engine = *OpenEngine(disk, config);
  const auto refused = [&](const std::filesystem::path& file, const IngestOptions& options) {
    const auto report = Ingest(*engine, {file}, options);
    EXPECT_FALSE(report);
    return report ? std::string() : report.error().ToString();
  };
  const auto width = WriteArrow(disk, "w.arrow", {{"abc", "1"}, {"abcd", "1"}});
  EXPECT_NE(refused(width, {}).find("/in/w.arrow: row 1 has a key of 4 bytes"), std::string::npos)
      << refused(width, {});
  const auto good = WriteArrow(disk, "g.arrow", {{"abc", "1"}});
  EXPECT_NE(refused(good, {.value_column = "price"}).find("'price' does not exist"),
            std::string::npos);
  EXPECT_NE(refused(good, {.expiry_column = "value"}).find("a moment is"), std::string::npos);
  EXPECT_NE(refused("/in/absent.arrow", {}).find("/in/absent.arrow: "), std::string::npos);
  EXPECT_EQ(TableCount(disk), 0U);
  EXPECT_EQ(Ingest(*engine, {})->rows_read, 0U);
  EXPECT_EQ(Ingest(*engine, {WriteArrow(disk, "empty.arrow", {})})->sequence, 0U);
  EXPECT_EQ(StateOf(*engine), State());
}

// Whenever the power is cut, the rows are there whole or not at all, and whole once the call has
// returned, whatever the mode of the log.
TEST(IngestTest, APowerCutLeavesAllOfItOrNothing) {
  Random random(testing::TestSeed(3));
  for (const WalMode mode : {WalMode::kSync, WalMode::kAsync}) {
    io::MemoryFileSystem disk;
    io::FaultFileSystem watched(disk);
    auto engine = *OpenEngine(watched, HarnessConfig(mode));
    State before;
    for (int i = 0; i < 50; ++i) {
      before[NumberedKey(static_cast<std::uint64_t>(i))] = "before";
      ASSERT_TRUE(PutInto(*engine, NumberedKey(static_cast<std::uint64_t>(i)), "before"));
    }
    ASSERT_TRUE(engine->SyncLog());
    const Rows rows = RandomRows(random, 3000, 100, 60);
    State after = before;
    for (const auto& [key, value] : rows) after[key] = value;
    const auto file = WriteArrow(disk, "a.arrow", rows);
    std::vector<std::unique_ptr<io::MemoryFileSystem>> images;
    Mutex mutex;
    watched.SetHook([&](io::OperationKind kind, std::string_view) -> std::optional<Error> {
      if (kind < io::OperationKind::kLock) return std::nullopt;
      MutexLock lock(mutex);
      images.push_back(disk.CrashImage(nullptr));
      images.push_back(disk.CrashImage(&random));
      return std::nullopt;
    });
    const auto report = Ingest(*engine, {file}, {.memory_bytes = 1 << 20});
    ASSERT_TRUE(report) << report.error().ToString();
    watched.SetHook({});
    MutexLock lock(mutex);
    ASSERT_GT(images.size(), 10U);
    const std::size_t unfinished = images.size();
    images.push_back(disk.CrashImage(nullptr));
    int absent = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
      SCOPED_TRACE("image " + std::to_string(i) + " of " + std::to_string(images.size()));
      auto reopened = OpenEngine(*images[i], HarnessConfig(mode));
      ASSERT_TRUE(reopened) << reopened.error().ToString();
      EXPECT_TRUE((*reopened)->recovery_report().losses.empty());
      const State found = StateOf(**reopened);
      EXPECT_TRUE(found == before || found == after);
      absent += found == before ? 1 : 0;
      EXPECT_TRUE(i < unfinished || found == after) << "an acknowledged ingest is lost";
      ASSERT_TRUE(PutInto(**reopened, "next", "v"));
      EXPECT_EQ(GetFrom(**reopened, "next")->value(), "v");
      ASSERT_TRUE((*reopened)->Close());
    }
    EXPECT_GT(absent, 0);
  }
}

// Fails the call with this ordinal among those that change the disk, or from it on all that touch
// the manifest, so that no new one can be written in place of the one that failed.
io::FaultHook FailingFrom(std::uint64_t ordinal, bool manifest_for_good,
                          std::atomic<std::uint64_t>& calls) {
  return [=, &calls](io::OperationKind kind, std::string_view file) -> std::optional<Error> {
    if (kind < io::OperationKind::kLock) return std::nullopt;
    const bool manifest = kind == io::OperationKind::kSyncDirectory ||
                          file.starts_with("MANIFEST") || file.starts_with("CURRENT");
    if (manifest_for_good && !manifest) return std::nullopt;
    const std::uint64_t call = calls.fetch_add(1);
    if (manifest_for_good ? call < ordinal : call != ordinal) return std::nullopt;
    return Error(ErrorCode::kIo, "injected");
  };
}

TEST(IngestTest, WhateverCallOnTheDiskFailsItIsWholeOrAbsent) {
  Random random(testing::TestSeed(4));
  const Rows rows = RandomRows(random, 3000, 100, 60);
  int failed = 0;
  int doubtful = 0;
  for (const bool manifest_for_good : {false, true}) {
    bool reached = true;
    for (std::uint64_t ordinal = 0; reached; ++ordinal) {
      SCOPED_TRACE("operation " + std::to_string(ordinal) +
                   (manifest_for_good ? " of the manifest and all later ones" : ""));
      io::MemoryFileSystem disk;
      const auto file = WriteArrow(disk, "a.arrow", rows);
      io::FaultFileSystem faulty(disk);
      auto engine = *OpenEngine(faulty, HarnessConfig(WalMode::kSync));
      ASSERT_TRUE(PutInto(*engine, NumberedKey(1), "before"));
      const State before{{NumberedKey(1), "before"}};
      State after = before;
      for (const auto& [key, value] : rows) after[key] = value;
      std::atomic<std::uint64_t> calls{0};
      faulty.SetReach(manifest_for_good ? io::FaultReach::kDone : io::FaultReach::kNothing);
      faulty.SetHook(FailingFrom(ordinal, manifest_for_good, calls));
      const auto report = Ingest(*engine, {file});
      reached = calls.load() > ordinal;
      const State found = StateOf(*engine);
      EXPECT_EQ(found, report ? after : before);
      failed += report ? 0 : 1;
      (void)engine->Close();
      engine.reset();
      faulty.SetHook({});
      auto reopened = OpenEngine(disk, HarnessConfig(WalMode::kSync));
      ASSERT_TRUE(reopened) << reopened.error().ToString();
      const State again = StateOf(**reopened);
      // An edit that failed may have reached the disk all the same: then its tables are there.
      EXPECT_TRUE(again == found || (!report && again == after));
      doubtful += !report && again == after ? 1 : 0;
      ASSERT_TRUE((*reopened)->Close());
    }
  }
  EXPECT_GT(failed, 10);
  EXPECT_GT(doubtful, 0) << "no failed edit has reached the disk";
}

// Of every key the write with the highest number wins, be it a put or an ingest.
TEST(IngestTest, WritersGoOnAndTheOrderOfNumbersIsTheOrderOfValues) {
  io::MemoryFileSystem disk;
  auto engine = *OpenEngine(disk, HarnessConfig(WalMode::kAsync));
  constexpr std::uint64_t kKeys = 200;
  std::map<std::string, std::pair<SequenceNumber, std::string>> newest;
  Mutex mutex;
  const auto note = [&](const std::string& key, SequenceNumber sequence, const std::string& value) {
    MutexLock lock(mutex);
    auto& entry = newest[key];
    if (sequence > entry.first) entry = {sequence, value};
  };
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> writes{0};
  std::jthread writer([&] {
    Random random(testing::TestSeed(5));
    while (!stop.load()) {
      const std::string key = NumberedKey(random.Below(kKeys));
      const std::string value = "put" + std::to_string(writes.fetch_add(1));
      const auto sequence = PutInto(*engine, key, value);
      ASSERT_TRUE(sequence) << sequence.error().ToString();
      note(key, *sequence, value);
    }
  });
  Random random(testing::TestSeed(6));
  std::uint64_t during = 0;
  for (int round = 0; round < 12; ++round) {
    State rows;
    for (int i = 0; i < 4000; ++i) {
      // Every other round lies beside the writer's keys.
      const std::uint64_t base = round % 2 == 0 ? 0 : 1000 * static_cast<std::uint64_t>(round);
      rows[NumberedKey(base + random.Below(kKeys))] =
          "round" + std::to_string(round) + std::string(random.Below(200), 'v');
    }
    const auto file = WriteArrow(disk, std::to_string(round), Rows(rows.begin(), rows.end()));
    const std::uint64_t before = writes.load();
    const auto report = Ingest(*engine, {file});
    ASSERT_TRUE(report) << report.error().ToString();
    during += writes.load() - before;
    for (const auto& [key, value] : rows) note(key, report->sequence, value);
  }
  stop.store(true);
  writer.join();
  EXPECT_GT(during, 0U);
  State expected;
  for (const auto& [key, entry] : newest) expected[key] = entry.second;
  EXPECT_EQ(StateOf(*engine), expected);
  ASSERT_TRUE(engine->Flush());
  ASSERT_TRUE(engine->WaitForBackgroundWork());
  EXPECT_EQ(StateOf(*engine), expected);
  ASSERT_TRUE(engine->CompactRange({}, {}));
  EXPECT_EQ(StateOf(*engine), expected);
  ASSERT_TRUE(engine->Close());
  engine = *OpenEngine(disk, HarnessConfig(WalMode::kAsync));
  EXPECT_EQ(StateOf(*engine), expected);
}

TEST(IngestTest, IsWrittenAgainWhenWritersUseItsNumberUp) {
  io::MemoryFileSystem disk;
  io::FaultFileSystem watched(disk);
  DatabaseConfig config = HarnessConfig(WalMode::kAsync);
  config.memtable_size_bytes = 64 << 20;
  config.memory_limit_bytes = std::uint64_t{1} << 30;
  auto engine = *OpenEngine(watched, config);
  const auto file = WriteArrow(disk, "a.arrow", {{"a", "in"}});
  std::string encoded;
  constexpr std::uint32_t kDeletes = 1'100'000;
  for (std::uint32_t i = 0; i < kDeletes; ++i) {
    AppendBatchEntry(encoded, {.operation = Operation::kDelete, .key = "q"});
  }
  std::atomic<int> tables{0};
  watched.SetHook([&](io::OperationKind kind, std::string_view name) -> std::optional<Error> {
    if (kind == io::OperationKind::kCreate && name.ends_with(".arrow") && tables++ == 0) {
      EXPECT_TRUE(engine->Write(encoded, kDeletes, {}));
    }
    return std::nullopt;
  });
  const auto report = Ingest(*engine, {file});
  watched.SetHook({});
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_EQ(tables.load(), 2) << "the first table had a number that was taken";
  EXPECT_GT(report->sequence, kDeletes);
  EXPECT_EQ(StateOf(*engine), (State{{"a", "in"}}));
  EXPECT_EQ(TableCount(disk), 1U) << "the first table is removed";
}

// Close waits for ingests that run: called by the callback of one it would wait for ever.
TEST(IngestTest, ItsProgressMayUseTheDatabaseButNotCloseIt) {
  io::MemoryFileSystem disk;
  const auto engine = *OpenEngine(disk, HarnessConfig(WalMode::kAsync));
  State rows;
  for (int i = 0; i < 2000; ++i) rows["k" + std::to_string(i)] = "in";
  const auto file = WriteArrow(disk, "a.arrow", {rows.begin(), rows.end()});
  int calls = 0;
  const auto progress = [&](std::uint64_t, std::uint64_t) {
    if (calls++ != 0) return;
    EXPECT_TRUE(PutInto(*engine, "k0", "over"));
    EXPECT_TRUE(engine->Flush());
    EXPECT_TRUE(engine->CompactRange({}, {}));
    const auto closed = engine->Close();
    ASSERT_FALSE(closed);
    EXPECT_EQ(closed.error().code(), ErrorCode::kBusy);
  };
  ASSERT_TRUE(Ingest(*engine, {file}, {.progress = progress}));
  EXPECT_GT(calls, 0);
  EXPECT_EQ(StateOf(*engine), rows);
  EXPECT_TRUE(engine->Close()) << "from the same thread, behind the ingest";
}

TEST(IngestTest, WorksOnAKeyspaceAndEndsWithItsDatabase) {
  io::MemoryFileSystem disk;
  auto engine = *OpenEngine(disk, HarnessConfig(WalMode::kAsync));
  const auto users = engine->CreateKeyspace("users", engine->config());
  ASSERT_TRUE(users);
  const auto file = WriteArrow(disk, "a.arrow", {{"a", "1"}});
  ASSERT_TRUE(Ingest(*engine, {file}, {.keyspace = &*users}));
  EXPECT_EQ(StateOf(*engine), State());
  auto rows = engine->NewIterator({.keyspace = &*users});
  rows->SeekToFirst();
  EXPECT_EQ(rows->value(), "1");
  ASSERT_TRUE(engine->DropKeyspace(*users));
  const auto dropped = Ingest(*engine, {file}, {.keyspace = &*users});
  ASSERT_FALSE(dropped);
  EXPECT_EQ(dropped.error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(engine->Close());
  const auto closed = Ingest(*engine, {file});
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code(), ErrorCode::kClosed);
}

}  // namespace
}  // namespace quiver
