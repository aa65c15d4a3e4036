// Goal: whatever call on the disk fails, no acknowledged write is lost, nothing crashes or hangs,
// reads go on, and the error says what failed.
//
// Method: an engine on a file system in memory behind one that fails calls on demand.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "db/transaction_impl.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "testing/engine_harness.h"

namespace quiver {
namespace {

using testing::GetFrom;
using testing::HarnessConfig;
using testing::OpenEngine;
using testing::PutInto;

Error DiskError() {
  return Error(ErrorCode::kIo, "injected: input/output error");
}

std::string Key(int number) {
  return "key" + std::to_string(number);
}
std::string Value(int number) {
  return std::to_string(number) + std::string(300, 'v');
}

/// Puts until a write fails or `count` are done; returns how many were acknowledged.
int PutRows(Engine& engine, int first, int count) {
  for (int number = first; number < first + count; ++number) {
    if (!PutInto(engine, Key(number), Value(number))) return number - first;
  }
  return count;
}

void ExpectRows(const Engine& engine, int count) {
  for (int number = 0; number < count; ++number) {
    const auto value = GetFrom(engine, Key(number));
    ASSERT_TRUE(value) << value.error().ToString();
    ASSERT_TRUE(*value) << "lost: " << Key(number);
    ASSERT_EQ(**value, Value(number));
  }
}

TEST(FaultTest, AFailedSyncMakesTheDatabaseReadOnlyAndIsNeverRetried) {
  for (const io::OperationKind kind :
       {io::OperationKind::kWriteAtDurably, io::OperationKind::kSyncLog}) {
    io::MemoryFileSystem disk;
    io::FaultFileSystem faulty(disk);
    const WalMode mode = kind == io::OperationKind::kSyncLog ? WalMode::kAsync : WalMode::kSync;
    auto opened = OpenEngine(faulty, HarnessConfig(mode));
    ASSERT_TRUE(opened) << opened.error().ToString();
    Engine& engine = **opened;
    ASSERT_EQ(PutRows(engine, 0, 20), 20);
    std::atomic<int> failures{0};
    faulty.SetHook([&](io::OperationKind called, std::string_view) -> std::optional<Error> {
      if (called != kind || failures.exchange(1) != 0) return std::nullopt;
      return DiskError();
    });
    const Result<void> failed = mode == WalMode::kAsync ? engine.SyncLog() : [&]() -> Result<void> {
      const auto put = PutInto(engine, "unsure", "x");
      if (!put) return put.error();
      return {};
    }();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), ErrorCode::kIo);
    // The disk works again, but what the kernel dropped is gone: no write may be acknowledged.
    const auto refused = PutInto(engine, "later", "x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kReadOnly);
    EXPECT_NE(refused.error().message().find("injected"), std::string::npos);
    ExpectRows(engine, 20);
    EXPECT_FALSE(engine.Metrics().read_only_cause.empty());
    (void)engine.Close();
    opened->reset();
    faulty.SetHook({});
    auto again = OpenEngine(faulty, HarnessConfig(mode));
    ASSERT_TRUE(again) << again.error().ToString();
    ExpectRows(**again, 20);
    ASSERT_TRUE(PutInto(**again, "works", "again"));
  }
}

// The workload of the sweep: enough to rotate, flush and compact.
int RunWorkload(io::FileSystem& files, const DatabaseConfig& config) {
  auto opened = OpenEngine(files, config);
  if (!opened) return 0;
  int acknowledged = 0;
  for (int round = 0; round < 4; ++round) {
    const int done = PutRows(**opened, acknowledged, 120);
    acknowledged += done;
    if (done < 120) break;
    if (!(*opened)->Flush()) break;
  }
  (void)(*opened)->CompactRange({}, {});
  (void)(*opened)->Close();
  return acknowledged;
}

void Sweep(const Error& error, bool sticky, bool crash, io::FaultReach reach) {
  const DatabaseConfig config = HarnessConfig(WalMode::kSync);
  io::MemoryFileSystem counted_disk;
  io::FaultFileSystem counted(counted_disk);
  ASSERT_EQ(RunWorkload(counted, config), 480);
  const std::uint64_t operations = counted.operation_count();
  std::uint64_t sites = 0;
  for (std::uint64_t ordinal = 0; ordinal < operations; ++ordinal) {
    SCOPED_TRACE("operation " + std::to_string(ordinal));
    io::MemoryFileSystem disk;
    io::FaultFileSystem faulty(disk);
    faulty.SetReach(reach);
    faulty.SetHook(io::FailOperations(ordinal, sticky ? 1'000'000 : 1, error));
    const int acknowledged = RunWorkload(faulty, config);
    if (crash) disk.Crash();
    auto opened = OpenEngine(disk, config);
    ASSERT_TRUE(opened) << opened.error().ToString();
    ExpectRows(**opened, acknowledged);
    ASSERT_TRUE(PutInto(**opened, "new", "row"));
    ASSERT_TRUE((*opened)->Close());
    ++sites;
  }
  std::printf("%llu of %llu calls made to fail (%s%s%s%s): no acknowledged row lost\n",
              static_cast<unsigned long long>(sites), static_cast<unsigned long long>(operations),
              std::string(ErrorCodeName(error.code())).c_str(), sticky ? ", for good" : ", once",
              reach == io::FaultReach::kDone ? ", though done" : "",
              crash ? ", then a power cut" : "");
}

TEST(FaultTest, AnyCallThatFailsOnceLosesNoAcknowledgedWrite) {
  Sweep(DiskError(), false, false, io::FaultReach::kNothing);
  Sweep(DiskError(), false, false, io::FaultReach::kDone);
}
TEST(FaultTest, AnyCallFromWhichAllFailLosesNoAcknowledgedWriteEvenAfterAPowerCut) {
  Sweep(DiskError(), true, true, io::FaultReach::kNothing);
  Sweep(DiskError(), true, true, io::FaultReach::kDone);
}
TEST(FaultTest, ADiskFullAtAnyCallLosesNoAcknowledgedWrite) {
  Sweep(Error(ErrorCode::kNoSpace, "injected: no space left on device"), false, true,
        io::FaultReach::kHalf);
}

// A table that cannot be read may hold the write of somebody else: that is an error, not a commit.
TEST(FaultTest, ATransactionDoesNotCommitOverATableThatItCannotRead) {
  io::MemoryFileSystem disk;
  io::FaultFileSystem files(disk);
  auto engine = OpenEngine(files, HarnessConfig(WalMode::kSync));
  ASSERT_TRUE(engine) << engine.error().ToString();
  ASSERT_TRUE(PutInto(**engine, "account", "100"));
  auto transaction = Transaction::Impl::Begin(*engine, {});
  ASSERT_TRUE(transaction) << transaction.error().ToString();
  ASSERT_TRUE(transaction->Put("account", "90"));
  ASSERT_TRUE(PutInto(**engine, "account", "50"));
  ASSERT_TRUE((*engine)->Flush());
  files.SetHook([](io::OperationKind kind, std::string_view) -> std::optional<Error> {
    const bool reads =
        kind == io::OperationKind::kReadAt || kind == io::OperationKind::kOpenForRead;
    return reads ? std::optional(DiskError()) : std::nullopt;
  });
  const auto unreadable = transaction->Commit();
  files.SetHook({});
  ASSERT_FALSE(unreadable) << "committed over what it could not read";
  EXPECT_EQ(unreadable.error().code(), ErrorCode::kIo) << unreadable.error().ToString();
  EXPECT_TRUE(transaction->active());
  const auto refused = transaction->Commit();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
  EXPECT_EQ(GetFrom(**engine, "account")->value(), "50");
}

}  // namespace
}  // namespace quiver
