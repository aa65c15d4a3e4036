// Keyspaces: apart from each other, atomic together, found again after every kind of end, and cheap
// while idle.
#include "quiver/keyspace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "quiver/admin.h"
#include "quiver/quiver.h"
#include "testing/engine_harness.h"
#include "testing/sanitized.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

using testing::HarnessConfig;
using testing::TempDir;
using Rows = std::map<std::string, std::string>;

DatabaseConfig SmallConfig() {
  return HarnessConfig(WalMode::kAsync);
}

std::unique_ptr<Database> MustOpen(const std::filesystem::path& path,
                                   const DatabaseConfig& config = SmallConfig()) {
  auto opened = Database::Open(path, config);
  EXPECT_TRUE(opened) << opened.error().ToString();
  return opened ? *std::move(opened) : nullptr;
}

Keyspace MustCreate(Database& database, std::string_view name) {
  auto created = database.CreateKeyspace(name, database.config());
  EXPECT_TRUE(created) << created.error().ToString();
  return *created;
}

Rows Scan(const Database& database, const Keyspace* keyspace, const Snapshot* snapshot = nullptr) {
  Rows rows;
  auto iterator = database.NewIterator({.keyspace = keyspace, .snapshot = snapshot});
  EXPECT_TRUE(iterator) << iterator.error().ToString();
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    rows.emplace(iterator->key(), iterator->value());
  }
  EXPECT_TRUE(iterator->status()) << iterator->status().error().ToString();
  return rows;
}

TEST(Keyspace, EachHasKeysOfItsOwn) {
  const TempDir dir;
  auto db = MustOpen(dir.path());
  const Keyspace users = MustCreate(*db, "users");
  ASSERT_TRUE(db->Put("ada", "in default"));
  ASSERT_TRUE(db->Put("ada", "in users", {.keyspace = &users}));
  EXPECT_EQ((*db->Get("ada"))->ToString(), "in default");
  EXPECT_EQ((*db->Get("ada", {.keyspace = &users}))->ToString(), "in users");
  ASSERT_TRUE(db->Delete("ada"));
  EXPECT_FALSE((*db->Get("ada")).has_value());
  EXPECT_EQ(Scan(*db, &users), (Rows{{"ada", "in users"}}));
  const std::vector<std::string_view> keys{"ada", "bob"};
  const auto many = db->MultiGet(keys, {.keyspace = &users});
  ASSERT_TRUE(many);
  EXPECT_EQ((*many)[0]->ToString(), "in users");
  EXPECT_FALSE((*many)[1].has_value());

  const auto same = db->OpenKeyspace("users");
  ASSERT_TRUE(same);
  EXPECT_EQ(same->id(), users.id());
  const auto main = db->OpenKeyspace("default");
  ASSERT_TRUE(main);
  ASSERT_TRUE(db->Put("x", "1", {.keyspace = &*main}));
  EXPECT_EQ((*db->Get("x"))->ToString(), "1");
  const auto list = db->ListKeyspaces();
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ((*list)[1].name(), "users");
}

TEST(Keyspace, SurviveFlushCompactionAndReopening) {
  const TempDir dir;
  Rows expected;
  for (int i = 0; i < 500; ++i) expected["key" + std::to_string(i)] = "value" + std::to_string(i);
  for (const bool flush : {false, true}) {
    const std::string name = flush ? "flushed" : "logged";
    {
      auto db = MustOpen(dir.path());
      DatabaseConfig config = db->config();
      config.memtable_kind = MemtableKind::kTrie;
      config.compaction_strategy = CompactionStrategyKind::kTiered;
      config.compression = CompressionKind::kLz4;
      const auto keyspace = db->CreateKeyspace(name, config);
      ASSERT_TRUE(keyspace) << keyspace.error().ToString();
      for (const auto& [key, value] : expected) {
        ASSERT_TRUE(db->Put(key, value, {.keyspace = &*keyspace}));
      }
      if (flush) {
        ASSERT_TRUE(db->Flush());
        ASSERT_TRUE(db->CompactRange({}, {}, &*keyspace));
      }
      EXPECT_EQ(Scan(*db, &*keyspace), expected);
      ASSERT_TRUE(db->Close());
    }
    auto db = MustOpen(dir.path());
    const auto keyspace = db->OpenKeyspace(name);
    ASSERT_TRUE(keyspace) << keyspace.error().ToString();
    EXPECT_EQ(Scan(*db, &*keyspace), expected);
    EXPECT_TRUE(Scan(*db, nullptr).empty());
    const auto config = db->KeyspaceConfig(*keyspace);
    ASSERT_TRUE(config);
    EXPECT_EQ(config->memtable_kind, MemtableKind::kTrie);
    EXPECT_EQ(config->compaction_strategy, CompactionStrategyKind::kTiered);
    EXPECT_EQ(config->wal_mode, WalMode::kAsync);
  }
  const auto verified = VerifyDatabase(dir.path());
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->damages.empty());
  EXPECT_EQ(verified->entries, 1000U);
  auto reader = Database::OpenReadOnly(dir.path());
  ASSERT_TRUE(reader) << reader.error().ToString();
  const auto flushed = (*reader)->OpenKeyspace("flushed");
  ASSERT_TRUE(flushed);
  EXPECT_EQ(Scan(**reader, &*flushed), expected);
}

TEST(Keyspace, WhatIsDroppedIsGoneWithItsFiles) {
  const TempDir dir;
  auto db = MustOpen(dir.path());
  const Keyspace doomed = MustCreate(*db, "doomed");
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(db->Put("key" + std::to_string(i), std::string(100, 'x'), {.keyspace = &doomed}));
  }
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Put("last", "in the log", {.keyspace = &doomed}));
  auto iterator = db->NewIterator({.keyspace = &doomed});
  ASSERT_TRUE(iterator);
  iterator->SeekToFirst();
  ASSERT_TRUE(db->DropKeyspace(doomed));

  EXPECT_EQ(db->Put("a", "b", {.keyspace = &doomed}).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(db->Get("a", {.keyspace = &doomed}).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(db->DropKeyspace(doomed).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(db->OpenKeyspace("doomed").error().code(), ErrorCode::kNotFound);
  EXPECT_NE(db->OpenKeyspace("doomed").error().message().find("only \"default\""),
            std::string::npos)
      << db->OpenKeyspace("doomed").error().message();
  WriteBatch batch;
  ASSERT_TRUE(batch.Put("innocent", "bystander"));
  ASSERT_TRUE(batch.Put(doomed, "a", "b"));
  EXPECT_EQ(db->Write(batch).error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE((*db->Get("innocent")).has_value()) << "the batch is atomic";
  int seen = 0;
  for (; iterator->Valid(); iterator->Next()) ++seen;
  EXPECT_TRUE(iterator->status());
  EXPECT_EQ(seen, 3001) << "an iterator that was there before may finish";
  iterator = db->NewIterator();

  // The same name again is another keyspace, to which nothing of the old one comes back.
  const Keyspace again = MustCreate(*db, "doomed");
  EXPECT_NE(again.id(), doomed.id());
  EXPECT_TRUE(Scan(*db, &again).empty());
  iterator = Result<Iterator>(Error(ErrorCode::kClosed, ""));
  ASSERT_TRUE(db->Close());
  db = MustOpen(dir.path());
  const auto reopened = db->OpenKeyspace("doomed");
  ASSERT_TRUE(reopened);
  EXPECT_TRUE(Scan(*db, &*reopened).empty());
  int tables = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    tables += entry.path().extension() == ".arrow" ? 1 : 0;
  }
  EXPECT_EQ(tables, 0);
}

TEST(Keyspace, FilesOfADroppedOneGoWhileTheDatabaseIsOpen) {
  const TempDir dir;
  auto db = MustOpen(dir.path());
  const Keyspace doomed = MustCreate(*db, "doomed");
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(db->Put("key" + std::to_string(i), std::string(100, 'x'), {.keyspace = &doomed}));
  }
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->WaitForBackgroundWork());
  ASSERT_TRUE(db->DropKeyspace(doomed));
  ASSERT_TRUE(db->Put("kept", "row"));
  ASSERT_TRUE(db->Flush());  // files that nobody reads any more go with a flush
  ASSERT_TRUE(db->WaitForBackgroundWork());
  int tables = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    tables += entry.path().extension() == ".arrow" ? 1 : 0;
  }
  EXPECT_EQ(tables, 1);
}

// The log's sync is held up, so that the drop waits behind it, and a write of the keyspace behind
// the drop.
TEST(Keyspace, AWriteThatWaitsWhileItsKeyspaceIsDroppedIsRefused) {
  io::MemoryFileSystem disk;
  io::FaultFileSystem files(disk);
  auto engine = *testing::OpenEngine(files, HarnessConfig(WalMode::kSync));
  const Keyspace doomed = *engine->CreateKeyspace("doomed", engine->config());
  KeyspaceState* const target = *engine->Resolve(&doomed);
  std::atomic<bool> syncing{false};
  std::atomic<bool> held{true};
  files.SetHook([&](io::OperationKind kind, std::string_view) -> std::optional<Error> {
    if (kind != io::OperationKind::kSyncLog && kind != io::OperationKind::kWriteAtDurably)
      return {};
    syncing = true;
    while (held) std::this_thread::yield();
    return {};
  });
  std::thread first([&] { EXPECT_TRUE(testing::PutInto(*engine, "first", "x")); });
  while (!syncing) std::this_thread::yield();
  std::thread dropper([&] { EXPECT_TRUE(engine->DropKeyspace(doomed)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  Result<SequenceNumber> late = SequenceNumber{0};
  std::thread second([&] {
    std::string encoded;
    AppendBatchEntry(encoded, {.keyspace = target->id, .key = "late", .value = "x"});
    late = engine->Write(encoded, 1, {&target, 1}, {});
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  held = false;
  first.join();
  second.join();
  dropper.join();
  files.SetHook({});
  ASSERT_FALSE(late) << "written to a keyspace that was being dropped";
  EXPECT_EQ(late.error().code(), ErrorCode::kNotFound);
}

// One table is held up while it is written; behind it a memtable of the keyspace waits to be
// flushed, a flush waits for that, and the drop waits for the flush. Whoever skips the memtable for
// the sake of the drop stops all of them for ever.
TEST(Keyspace, IsDroppedWhileAFlushWaitsForItsMemtable) {
  io::MemoryFileSystem disk;
  io::FaultFileSystem files(disk);
  DatabaseConfig config = HarnessConfig(WalMode::kAsync);
  config.memtable_count_max = 2;
  auto engine = *testing::OpenEngine(files, config);
  const Keyspace doomed = *engine->CreateKeyspace("doomed", config);
  KeyspaceState* const target = *engine->Resolve(&doomed);
  const auto put = [&] {
    std::string encoded;
    AppendBatchEntry(encoded, {.keyspace = target->id, .key = "key", .value = "x"});
    ASSERT_TRUE(engine->Write(encoded, 1, {&target, 1}, {}));
  };
  std::atomic<bool> writing{false};
  std::atomic<bool> held{true};
  files.SetHook([&](io::OperationKind kind, std::string_view name) -> std::optional<Error> {
    if (kind != io::OperationKind::kCreate || !name.ends_with(".arrow")) return {};
    writing = true;
    while (held) std::this_thread::yield();
    return {};
  });
  std::atomic<int> ended{0};
  std::vector<std::thread> threads;
  const auto start = [&](const std::function<Result<void>()>& work) {
    threads.emplace_back([&, work] {
      EXPECT_TRUE(work());
      ++ended;
    });
  };
  ASSERT_TRUE(testing::PutInto(*engine, "first", "x"));
  start([&] { return engine->Flush(); });
  while (!writing) std::this_thread::yield();
  put();
  start([&] { return engine->Flush(); });
  while (target->state.immutable_count() == 0) std::this_thread::yield();
  put();
  start([&] { return engine->Flush(); });  // waits for room in the keyspace
  while (engine->Metrics().stall_reason.empty()) std::this_thread::yield();
  start([&] { return engine->DropKeyspace(doomed); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  held = false;
  for (int i = 0; i < 30'000 && ended < 4; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(ended, 4) << "they wait for each other";
  EXPECT_TRUE(engine->Close());  // lets go of those that still wait
  for (std::thread& thread : threads) thread.join();
}

// What an idle keyspace holds is in the log alone while others are flushed around it.
TEST(Keyspace, AnEntryOfAnIdleOneOutlivesFlushesOfOthersAndAKill) {
  io::MemoryFileSystem disk;
  io::FaultFileSystem files(disk);
  auto engine = *testing::OpenEngine(files, HarnessConfig(WalMode::kAsync));
  const Keyspace idle = *engine->CreateKeyspace("idle", engine->config());
  KeyspaceState* const target = *engine->Resolve(&idle);
  std::string encoded;
  AppendBatchEntry(encoded, {.keyspace = target->id, .key = "only", .value = "entry"});
  ASSERT_TRUE(engine->Write(encoded, 1, {&target, 1}, {}));
  for (int i = 0; i < 4000; ++i) {
    ASSERT_TRUE(testing::PutInto(*engine, "key" + std::to_string(i), std::string(100, 'x')));
  }
  ASSERT_TRUE(engine->WaitForBackgroundWork());
  ASSERT_GT(engine->Metrics().flushes, 1U);
  files.SetHook([](io::OperationKind, std::string_view) {
    return std::optional(Error(ErrorCode::kIo, "killed"));
  });
  engine.reset();
  files.SetHook({});
  engine = *testing::OpenEngine(files, HarnessConfig(WalMode::kAsync));
  const Keyspace found = *engine->OpenKeyspace("idle");
  auto rows = engine->NewIterator({.keyspace = &found});
  ASSERT_TRUE(rows);
  rows->SeekToFirst();
  ASSERT_TRUE(rows->Valid()) << "the log lost what no table had";
  EXPECT_EQ(rows->key(), "only");
  EXPECT_EQ(rows->value(), "entry");
}

TEST(Keyspace, DroppedWhileWrittenToIsRefusedFromThenOn) {
  const TempDir dir;
  auto db = MustOpen(dir.path());
  for (int round = 0; round < 20; ++round) {
    const Keyspace doomed = MustCreate(*db, "doomed");
    std::atomic<int> refused{0};
    std::vector<std::thread> writers;
    for (int i = 0; i < 4; ++i) {
      writers.emplace_back([&, i] {
        while (true) {
          WriteBatch batch;
          EXPECT_TRUE(batch.Put("survivor" + std::to_string(i), "x"));
          EXPECT_TRUE(batch.Put(doomed, "key" + std::to_string(i), "value"));
          if (const auto written = db->Write(batch); !written) {
            EXPECT_EQ(written.error().code(), ErrorCode::kNotFound);
            ++refused;
            return;
          }
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ASSERT_TRUE(db->DropKeyspace(doomed));
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(refused, 4);
  }
  // A memtable that a late write had made would hold on to the log and its memory.
  ASSERT_TRUE(db->Flush());
  EXPECT_LT(db->Metrics().wal_live_bytes, 1000U);
}

TEST(Keyspace, BatchesAreAtomicOverKeyspacesAndSnapshotsShowAllAtOneMoment) {
  const TempDir dir;
  auto db = MustOpen(dir.path());
  const std::vector<Keyspace> keyspaces{MustCreate(*db, "a"), MustCreate(*db, "b"),
                                        MustCreate(*db, "c")};
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop.load(); ++i) {
      WriteBatch batch;
      EXPECT_TRUE(batch.Put("round", std::to_string(i)));
      for (const Keyspace& keyspace : keyspaces) {
        EXPECT_TRUE(batch.Put(keyspace, "round", std::to_string(i)));
        EXPECT_TRUE(batch.Put(keyspace, "fill" + std::to_string(i % 100), std::string(300, 'f')));
      }
      EXPECT_TRUE(db->Write(batch));
    }
  });
  for (int i = 0; i < 2000; ++i) {
    const auto snapshot = db->NewSnapshot();
    ASSERT_TRUE(snapshot);
    const auto main = db->Get("round", {.snapshot = &*snapshot});
    ASSERT_TRUE(main);
    for (const Keyspace& keyspace : keyspaces) {
      const auto there = db->Get("round", {.keyspace = &keyspace, .snapshot = &*snapshot});
      ASSERT_TRUE(there);
      ASSERT_EQ(there->has_value(), main->has_value());
      if (*main) {
        ASSERT_EQ((*there)->view(), (*main)->view());
      }
    }
  }
  stop = true;
  writer.join();
}

TEST(Keyspace, NamesAndSettingsAreChecked) {
  const TempDir dir;
  auto db = MustOpen(dir.path());
  const DatabaseConfig config = db->config();
  for (const std::string& name : {std::string(), std::string(256, 'n'), std::string("a\nb"),
                                  std::string("\xff"), std::string("default")}) {
    EXPECT_EQ(db->CreateKeyspace(name, config).error().code(), ErrorCode::kInvalidArgument) << name;
  }
  DatabaseConfig other = config;
  other.wal_mode = WalMode::kSync;
  const auto refused = db->CreateKeyspace("x", other);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("wal_mode"), std::string::npos);
  other = config;
  other.block_size_bytes = 1;
  EXPECT_EQ(db->CreateKeyspace("x", other).error().code(), ErrorCode::kInvalidArgument);
  MustCreate(*db, "x");
  EXPECT_EQ(db->CreateKeyspace("x", config).error().code(), ErrorCode::kInvalidArgument);
  const auto main = db->OpenKeyspace("default");
  ASSERT_TRUE(main);
  EXPECT_EQ(db->DropKeyspace(*main).error().code(), ErrorCode::kInvalidArgument);

  other = config;
  other.key_width_bytes = 4;
  const auto narrow = db->CreateKeyspace("narrow", other);
  ASSERT_TRUE(narrow) << narrow.error().ToString();
  EXPECT_TRUE(db->Put("four", "v", {.keyspace = &*narrow}));
  EXPECT_EQ(db->Put("seven..", "v", {.keyspace = &*narrow}).error().code(),
            ErrorCode::kInvalidArgument);
  WriteBatch batch;
  ASSERT_TRUE(batch.Put(*narrow, "seven..", "v"));
  EXPECT_EQ(db->Write(batch).error().code(), ErrorCode::kInvalidArgument);

  const TempDir elsewhere;
  auto stranger = MustOpen(elsewhere.path());
  EXPECT_EQ(stranger->Put("a", "b", {.keyspace = &*narrow}).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(stranger->NewIterator({.keyspace = &*narrow}).error().code(),
            ErrorCode::kInvalidArgument);
}

TEST(Keyspace, AThousandIdleOnesCostLessThanAHundredKibibytesEach) {
  if (testing::kSanitized) GTEST_SKIP() << "a sanitizer keeps what is freed";
  const TempDir dir;
  auto db = MustOpen(dir.path());
  const auto resident_bytes = [] {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    statm >> size >> resident;
    return resident * 4096;
  };
  const std::uint64_t before = resident_bytes();
  for (int i = 0; i < 1000; ++i) MustCreate(*db, "keyspace" + std::to_string(i));
  EXPECT_LT(resident_bytes() - before, 1000U * 100 * 1024);
  ASSERT_TRUE(db->Close());
  db = MustOpen(dir.path());
  EXPECT_EQ(db->ListKeyspaces()->size(), 1001U);
}

TEST(Keyspace, ASeldomWrittenOneDoesNotKeepTheLogAlive) {
  const TempDir dir;
  DatabaseConfig config = SmallConfig();
  config.memtable_size_bytes = 1 << 20;
  auto db = MustOpen(dir.path(), config);
  const Keyspace seldom = MustCreate(*db, "seldom");
  ASSERT_TRUE(db->Put("once", "written", {.keyspace = &seldom}));
  const std::string value(4000, 'v');
  for (int i = 0; i < 40'000; ++i) {
    ASSERT_TRUE(db->Put("key" + std::to_string(i % 1000), value));
  }
  ASSERT_TRUE(db->WaitForBackgroundWork());
  EXPECT_LT(db->Metrics().wal_live_bytes, std::uint64_t{80} << 20);
  EXPECT_EQ((*db->Get("once", {.keyspace = &seldom}))->ToString(), "written");
}

TEST(Keyspace, ManyBusyOnesTogetherStayWithinTheMemoryOfMemtables) {
  const TempDir dir;
  DatabaseConfig config = SmallConfig();
  config.memtable_size_bytes = 4 << 20;
  auto db = MustOpen(dir.path(), config);
  std::vector<Keyspace> keyspaces;
  for (int i = 0; i < 40; ++i) keyspaces.push_back(MustCreate(*db, "k" + std::to_string(i)));
  const std::string value(1000, 'v');
  std::uint64_t peak = 0;
  for (int i = 0; i < 60'000; ++i) {
    const WriteOptions options{.keyspace = &keyspaces[static_cast<std::size_t>(i) % 40]};
    ASSERT_TRUE(db->Put("key" + std::to_string(i), value, options));
    if (i % 500 == 0) peak = std::max(peak, db->Metrics().memory_memtables_bytes);
  }
  EXPECT_LT(peak, 2 * config.memtable_size_bytes * config.memtable_count_max);
}

// A process that dies, or a power cut in sync mode: every acknowledged row is there, in its
// keyspace, and a keyspace is there or not as it was acknowledged.
class KeyspaceCrashTest : public ::testing::TestWithParam<WalMode> {
 protected:
  using Model = std::map<std::string, Rows>;

  // The handles of all keyspaces, once what they hold agrees with the model.
  void FindAll(const Engine& engine) {
    handles_.clear();
    const auto listed = engine.ListKeyspaces();
    ASSERT_TRUE(listed);
    for (const Keyspace& keyspace : *listed) handles_.emplace(keyspace.name(), keyspace);
    ASSERT_EQ(handles_.size(), model_.size());
    for (const auto& [name, rows] : model_) {
      ASSERT_TRUE(handles_.contains(name)) << name;
      auto iterator = engine.NewIterator({.keyspace = &handles_.at(name)});
      ASSERT_TRUE(iterator);
      Rows found;
      for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
        found.emplace(iterator->key(), iterator->value());
      }
      ASSERT_TRUE(iterator->status());
      ASSERT_EQ(found, rows) << name;
    }
  }

  Model::iterator AnyKeyspace() {
    return std::next(model_.begin(), static_cast<long>(random_() % model_.size()));
  }

  void Create(Engine& engine) {
    const std::string name = "ks" + std::to_string(random_() % 1000);
    if (model_.contains(name)) return;
    const auto created = engine.CreateKeyspace(name, engine.config());
    ASSERT_TRUE(created) << created.error().ToString();
    handles_.emplace(name, *created);
    model_.emplace(name, Rows());
  }

  void Drop(Engine& engine, Model::iterator keyspace) {
    if (keyspace->first == "default") return;
    ASSERT_TRUE(engine.DropKeyspace(handles_.at(keyspace->first)));
    handles_.erase(keyspace->first);
    model_.erase(keyspace);
  }

  // One batch over up to three keyspaces.
  void WriteBatch(Engine& engine) {
    std::string encoded;
    std::vector<KeyspaceState*> targets;
    const auto count = static_cast<std::uint32_t>(random_() % 3 + 1);
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto where = AnyKeyspace();
      KeyspaceState* const target = *engine.Resolve(&handles_.at(where->first));
      if (std::ranges::find(targets, target) == targets.end()) targets.push_back(target);
      const std::string key = "key" + std::to_string(random_() % 200);
      BatchEntry entry{.keyspace = target->id, .key = key, .value = {}};
      const std::string value(random_() % 300, static_cast<char>('a' + random_() % 26));
      if (random_() % 4 == 0) {
        entry.operation = Operation::kDelete;
        where->second.erase(key);
      } else {
        entry.value = value;
        where->second[key] = value;
      }
      AppendBatchEntry(encoded, entry);
    }
    ASSERT_TRUE(engine.Write(encoded, count, targets, {}));
  }

  void Step(Engine& engine) {
    const std::uint64_t dice = random_() % 1000;
    if (dice < 5) return model_.size() < 8 ? Create(engine) : void();
    if (dice < 8) return Drop(engine, AnyKeyspace());
    if (dice >= 18) return WriteBatch(engine);
    const auto done = dice < 15 ? engine.Flush()
                                : engine.CompactRange({}, {}, &handles_.at(AnyKeyspace()->first));
    ASSERT_TRUE(done) << done.error().ToString();
  }

  Model model_{{"default", {}}};
  std::map<std::string, Keyspace> handles_;
  std::mt19937_64 random_{testing::TestSeed(1)};
};

TEST_P(KeyspaceCrashTest, RandomOperationsAgreeWithTheModelOverCrashesAndReopenings) {
  io::MemoryFileSystem disk;
  for (int life = 0; life < 30; ++life) {
    io::FaultFileSystem files(disk);
    auto engine = testing::OpenEngine(files, HarnessConfig(GetParam()));
    ASSERT_TRUE(engine) << engine.error().ToString();
    FindAll(**engine);
    for (int step = 0; step < 400 && !HasFailure(); ++step) Step(**engine);
    ASSERT_FALSE(HasFailure()) << "in life " << life;
    const std::uint64_t end = random_() % 3;
    if (end != 0) {
      files.SetHook([](io::OperationKind, std::string_view) {
        return std::optional(Error(ErrorCode::kIo, "injected"));
      });
    }
    const auto closed = (*engine)->Close();
    if (end == 0) {
      ASSERT_TRUE(closed);
    }
    handles_.clear();
    engine->reset();
    if (GetParam() == WalMode::kSync && end == 2) disk.Crash();
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, KeyspaceCrashTest,
                         ::testing::Values(WalMode::kSync, WalMode::kAsync));

}  // namespace
}  // namespace quiver
