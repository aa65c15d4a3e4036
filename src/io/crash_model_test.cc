// What each family of losses leaves of the same unsynced changes, and when the observer is told.
#include "io/crash_model.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "io/memory_file_system.h"
#include "testing/seed.h"

namespace quiver::io {
namespace {

using Loss = CrashModel::Loss;
using Files = std::map<std::string, std::string>;

constexpr std::uint64_t kSector = MemoryFileImage::kSectorBytes;

// On the disk durably: "data" with one sector of a, "gone", "temp". Then, unsynced: a write of b
// into data, one of c that grows it by a sector, the removal of "gone", a rename of "temp" to
// "final".
class CrashModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = *disk_.OpenDirectory("/db", true);
    data_ = *directory_->CreateLog("data", LogAccess::kWritten);
    ASSERT_TRUE(data_->Reserve(kSector));
    ASSERT_TRUE(data_->WriteAtDurably(0, std::string(kSector, 'a')));
    for (const char* name : {"gone", "temp"}) {
      auto file = *directory_->Create(name);
      ASSERT_TRUE(file->Append(name) && file->Sync() && file->Close());
    }
    ASSERT_TRUE(directory_->Sync());
    ASSERT_TRUE(disk_.UnsyncedChanges().empty());
    ASSERT_TRUE(data_->WriteAt(100, std::string(100, 'b')));
    ASSERT_TRUE(data_->Reserve(2 * kSector));
    ASSERT_TRUE(data_->WriteAt(kSector, std::string(kSector, 'c')));
    ASSERT_TRUE(directory_->Remove("gone"));
    ASSERT_TRUE(directory_->Rename("temp", "final"));
  }

  Files After(const CrashModel& model) const {
    const auto image = disk_.CrashImage(model);
    const auto directory = *image->OpenDirectory("/db", false);
    const std::vector<DirectoryEntry> entries = *directory->List();
    Files files;
    for (const DirectoryEntry& entry : entries) {
      files[entry.name] = *ReadWholeFile(*directory, entry.name, 1 << 20);
    }
    return files;
  }

  const std::string old_data_ = std::string(kSector, 'a');
  const std::string written_ =
      std::string(100, 'a') + std::string(100, 'b') + std::string(kSector - 200, 'a');
  const std::string new_data_ = written_ + std::string(kSector, 'c');
  MemoryFileSystem disk_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<LogFile> data_;
};

TEST_F(CrashModelTest, TheFixedFamiliesLeaveWhatTheirNamesSay) {
  const Files before = {{"data", old_data_}, {"gone", "gone"}, {"temp", "temp"}};
  const Files now = {{"data", new_data_}, {"final", "temp"}};
  EXPECT_EQ(After({.loss = Loss::kUnsynced}), before);
  EXPECT_EQ(After({.loss = Loss::kNothing}), now);
  EXPECT_EQ(After({.loss = Loss::kData}), (Files{{"data", old_data_}, {"final", "temp"}}));
  EXPECT_EQ(After({.loss = Loss::kNames}),
            (Files{{"data", new_data_}, {"gone", "gone"}, {"temp", "temp"}}));
  EXPECT_EQ(After({.loss = Loss::kAllButRemovals}), (Files{{"data", old_data_}, {"temp", "temp"}}));
}

TEST_F(CrashModelTest, AnySubsetOfTheChangesMayBeChosen) {
  const std::set<std::uint64_t> all = disk_.UnsyncedChanges();
  ASSERT_EQ(all.size(), 5U);
  const std::vector<std::uint64_t> changes(all.begin(), all.end());
  const auto keep = [&](std::set<std::uint64_t> kept) {
    return After({.loss = Loss::kChosen, .kept = &kept});
  };
  EXPECT_EQ(keep({}), After({.loss = Loss::kUnsynced}));
  EXPECT_EQ(keep(all), After({.loss = Loss::kNothing}));
  EXPECT_EQ(keep({changes[0]}).at("data"), written_);
  EXPECT_EQ(keep({changes[1]}).at("data"), old_data_ + std::string(kSector, '\0'));
  EXPECT_EQ(keep({changes[2]}).at("data"), old_data_ + std::string(kSector, 'c'));
  EXPECT_FALSE(keep({changes[3]}).contains("gone"));
  EXPECT_TRUE(keep({changes[4]}).contains("final"));
}

TEST_F(CrashModelTest, ATornSectorShowsAPartOfTheChangeAndGarbageOnlyInIt) {
  Random random(testing::TestSeed(11));
  bool part_seen = false;
  bool garbage_seen = false;
  for (int round = 0; round < 500; ++round) {
    const std::string data = After({.loss = Loss::kTornSectors, .random = &random}).at("data");
    ASSERT_GE(data.size(), kSector);
    for (std::size_t at = 0; at < kSector; ++at) {
      if (at < 100 || at >= 200) {
        ASSERT_EQ(data[at], 'a') << "byte " << at << " was durable and was not written";
      }
    }
    const std::string middle = data.substr(100, 100);
    const bool only_known = middle.find_first_not_of("ab") == std::string::npos;
    part_seen |= only_known && middle.find('a') != std::string::npos &&
                 middle.find('b') != std::string::npos;
    garbage_seen |= !only_known;
  }
  EXPECT_TRUE(part_seen && garbage_seen);
}

TEST_F(CrashModelTest, AGrownFileHoldsZeroesOrGarbageWhereBytesAreMissing) {
  Random random(testing::TestSeed(12));
  bool zeroes = false;
  bool garbage = false;
  bool arrived = false;
  for (int round = 0; round < 200; ++round) {
    const std::string data = After({.loss = Loss::kGrownGarbage, .random = &random}).at("data");
    ASSERT_EQ(data.size(), 2 * kSector);
    const std::string grown = data.substr(kSector);
    zeroes |= grown == std::string(kSector, '\0');
    arrived |= grown == std::string(kSector, 'c');
    garbage |= grown.find_first_not_of(std::string("\0c", 2)) != std::string::npos;
  }
  EXPECT_TRUE(zeroes && garbage && arrived);
}

TEST_F(CrashModelTest, TheObserverSeesEachChangeAndBothHalvesOfADurableWrite) {
  std::vector<std::size_t> unsynced;
  disk_.SetObserver([&] { unsynced.push_back(disk_.UnsyncedChanges().size()); });
  ASSERT_TRUE(data_->WriteAtDurably(0, "x"));
  ASSERT_TRUE(directory_->Sync());
  disk_.SetObserver({});
  ASSERT_TRUE(data_->WriteAt(0, "y"));
  EXPECT_EQ(unsynced, (std::vector<std::size_t>{6, 2, 0}));
}

TEST_F(CrashModelTest, OpenFilesAreCounted) {
  EXPECT_EQ(disk_.open_file_count(), 1U);
  const auto reader = *directory_->OpenForRead("final");
  EXPECT_EQ(disk_.open_file_count(), 2U);
}

}  // namespace
}  // namespace quiver::io
