// Goal: a checkpoint, a restored backup or a dataset whose making failed is taken away again, and a
// power cut at any moment of that leaves it whole, or nothing that claims to be one.
//
// Method: on a disk in memory each call that changes the copy fails in turn; from then on images of
// the disk are taken after every change, as a power cut may leave it. The name that is made last
// (CURRENT, the description) claims that the copy is there: where it is, everything must be.
#include <gtest/gtest.h>

#include <atomic>

#include "admin/backup_store.h"
#include "admin/export_dataset.h"
#include "base/random.h"
#include "db/checkpoint.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "testing/engine_harness.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using testing::HarnessConfig;
using testing::OpenEngine;
using testing::OpenEngineAt;
using testing::PutInto;

constexpr int kRows = 300;
constexpr const char* kCopyPath = "/copy";

struct Kind {
  const char* name;
  const char* last_made;
  Result<void> (*make)(io::FileSystem& files, Engine& engine);
};

Result<void> Checkpoint(io::FileSystem&, Engine& engine) {
  const auto made = WriteCheckpoint(engine, kCopyPath);
  return made ? Result<void>() : made.error();
}

Result<void> Restore(io::FileSystem& files, Engine&) {
  const auto made = RestoreBackupFrom(files, "/backups", 1, kCopyPath, {});
  return made ? Result<void>() : made.error();
}

Result<void> Dataset(io::FileSystem&, Engine& engine) {
  const auto made = ExportDatasetOf(engine, kCopyPath, {});
  return made ? Result<void>() : made.error();
}

constexpr Kind kKinds[] = {{"checkpoint", "CURRENT", Checkpoint},
                           {"restore", "CURRENT", Restore},
                           {"dataset", "_README.txt", Dataset}};

// Values that do not compress make several tables: a copy has several names to lose.
void Fill(Engine& engine, Random& random) {
  for (int i = 0; i < kRows; ++i) {
    std::string value(600, '\0');
    for (char& byte : value) byte = static_cast<char>(random.Next());
    ASSERT_TRUE(PutInto(engine, "k" + std::to_string(i), value));
  }
  ASSERT_TRUE(engine.Flush());
  ASSERT_TRUE(engine.CompactRange({}, {}));
}

bool Claims(io::MemoryFileSystem& image, const Kind& kind) {
  const auto directory = image.OpenDirectory(kCopyPath, /*create=*/false);
  return directory && (*directory)->OpenForRead(kind.last_made);
}

// Empty, or what the copy lacks.
std::string Lacks(io::MemoryFileSystem& image, const Kind& kind) {
  if (kind.make != Dataset) {
    auto opened =
        OpenEngineAt(image, kCopyPath, HarnessConfig(WalMode::kAsync), OpenMode::kReadOnly);
    if (!opened) return opened.error().ToString();
    for (int i = 0; i < kRows; ++i) {
      const auto value = testing::GetFrom(**opened, "k" + std::to_string(i));
      if (!value || !*value) return "row " + std::to_string(i);
    }
    return {};
  }
  const auto directory = image.OpenDirectory(kCopyPath, /*create=*/false);
  const auto description = io::ReadWholeFile(**directory, kind.last_made, 1 << 20);
  if (!description) return description.error().ToString();
  std::size_t tables = 0;
  for (std::size_t at = 0; (at = description->find("\n  0", at)) != std::string::npos; ++at) {
    const std::string name = description->substr(at + 3, description->find(' ', at + 3) - at - 3);
    if (!(*directory)->OpenForRead(name)) return name;
    ++tables;
  }
  return tables > 1 ? "" : "names of tables in its description";
}

class FailedCopyTest : public ::testing::TestWithParam<Kind> {};

TEST_P(FailedCopyTest, IsTakenAwaySoThatAPowerCutLeavesItWholeOrNone) {
  const Kind kind = GetParam();
  Random random(testing::TestSeed(20261125));
  io::MemoryFileSystem disk;
  io::FaultFileSystem faulty(disk);
  auto engine = OpenEngine(faulty, HarnessConfig(WalMode::kSync));
  ASSERT_TRUE(engine) << engine.error().ToString();
  Fill(**engine, random);
  ASSERT_TRUE(CreateBackupOf(**engine, "/backups", {}));
  std::size_t claiming = 0;
  bool reached_the_end = false;
  for (std::uint64_t fail_at = 0; !reached_the_end; ++fail_at) {
    ASSERT_LT(fail_at, 1000u);
    std::atomic<std::uint64_t> calls{0};
    std::string failed_call;
    std::vector<std::unique_ptr<io::MemoryFileSystem>> images;
    Mutex mutex;
    const auto take_images = [&] {
      MutexLock lock(mutex);
      for (int i = 0; i < 64; ++i) images.push_back(disk.CrashImage(&random));
    };
    faulty.SetReach(fail_at % 2 == 0 ? io::FaultReach::kNothing : io::FaultReach::kDone);
    faulty.SetHook([&](io::OperationKind called, std::string_view name) -> std::optional<Error> {
      const bool changes = called > io::OperationKind::kLock;
      if (!changes || calls.fetch_add(1) != fail_at) return std::nullopt;
      failed_call = std::string(io::OperationKindName(called)) + " of " + std::string(name);
      disk.SetObserver(take_images);
      return Error(ErrorCode::kIo, "injected: input/output error");
    });
    const Result<void> made = kind.make(faulty, **engine);
    disk.SetObserver({});
    faulty.SetHook({});
    reached_the_end = calls.load() <= fail_at;
    ASSERT_TRUE(made || !reached_the_end) << made.error().ToString();
    for (const auto& image : images) {
      if (!Claims(*image, kind)) continue;
      ++claiming;
      const std::string lacks = Lacks(*image, kind);
      ASSERT_EQ(lacks, "") << "after a failed " << failed_call;
    }
    const auto directory = disk.OpenDirectory(kCopyPath, /*create=*/false);
    if (directory) RemoveEverything(**directory);
  }
  EXPECT_GT(claiming, 0u) << "no image shows a copy that claims to be whole";
}

INSTANTIATE_TEST_SUITE_P(EveryKind, FailedCopyTest, ::testing::ValuesIn(kKinds),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace quiver
