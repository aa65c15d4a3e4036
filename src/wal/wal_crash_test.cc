// Power cuts at every operation of random work on the log, in the states that a disk may be left
// in: everything unsynced gone, or any part of it kept, sector by sector and name by name. After
// each cut the log must hold a prefix of what was appended, with everything that it called durable,
// and so again after a second cut in the second life.
#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "io/fault_file_system.h"
#include "testing/seed.h"
#include "wal/log_test_support.h"

namespace quiver::wal {
namespace {

using quiver::testing::TestSeed;
using testing::EncodeEntries;
using testing::kTestDatabase;
using testing::kVariedBytes;
using testing::Replay;
using testing::Replayed;
using testing::TestDisk;

// Writes and syncs in two operations what the real file does in one, so that a cut falls between
// them: that is when a durable append is torn.
class SplitLogFile final : public io::LogFile {
 public:
  explicit SplitLogFile(std::unique_ptr<io::LogFile> base) : base_(std::move(base)) {}
  Result<void> Reserve(std::uint64_t bytes) override { return base_->Reserve(bytes); }
  Result<void> WriteAt(std::uint64_t offset, std::string_view bytes) override {
    return base_->WriteAt(offset, bytes);
  }
  Result<void> Sync() override { return base_->Sync(); }
  Result<void> WriteAtDurably(std::uint64_t offset, std::string_view bytes) override {
    if (Result<void> written = base_->WriteAt(offset, bytes); !written) return written;
    return base_->Sync();
  }
  Result<void> CloseAt(std::uint64_t size_bytes) override { return base_->CloseAt(size_bytes); }
  std::uint64_t reserved_bytes() const override { return base_->reserved_bytes(); }
  const std::string& name() const override { return base_->name(); }

 private:
  std::unique_ptr<io::LogFile> base_;
};

class SplitDirectory final : public io::Directory {
 public:
  explicit SplitDirectory(std::unique_ptr<io::Directory> base) : base_(std::move(base)) {}
  Result<std::unique_ptr<io::ReadableFile>> OpenForRead(std::string_view name) override {
    return base_->OpenForRead(name);
  }
  Result<std::unique_ptr<io::WritableFile>> Create(std::string_view name) override {
    return base_->Create(name);
  }
  Result<std::unique_ptr<io::LogFile>> CreateLog(std::string_view name,
                                                 io::LogAccess access) override {
    auto file = base_->CreateLog(name, access);
    if (!file) return file;
    return std::make_unique<SplitLogFile>(std::move(*file));
  }
  Result<void> Rename(std::string_view from, std::string_view to) override {
    return base_->Rename(from, to);
  }
  Result<void> Remove(std::string_view name) override { return base_->Remove(name); }
  Result<void> LinkFrom(io::Directory& source, std::string_view name) override {
    return base_->LinkFrom(source, name);
  }
  Result<std::vector<io::DirectoryEntry>> List() override { return base_->List(); }
  Result<void> Sync() override { return base_->Sync(); }
  Result<std::unique_ptr<io::DirectoryLock>> Lock(std::string_view name) override {
    return base_->Lock(name);
  }
  Result<std::unique_ptr<io::DirectoryLock>> LockForReading(std::string_view name) override {
    return base_->LockForReading(name);
  }
  Result<std::uint64_t> FreeBytes() override { return base_->FreeBytes(); }
  const std::filesystem::path& path() const override { return base_->path(); }

 private:
  std::unique_ptr<io::Directory> base_;
};

// What the manifest of a database would say. The tests treat it as durable at once.
struct Manifest {
  std::uint64_t first_segment = 0;
  SequenceNumber flushed_sequence = 0;
};

// A disk as a power cut left it, and what it must hold.
struct Image {
  std::unique_ptr<io::MemoryFileSystem> files;
  Manifest manifest;
  SequenceNumber durable = 0;    ///< at least up to here
  SequenceNumber attempted = 0;  ///< at most up to here
  std::string cut_at;
};

// A database's use of the log, with a power cut in mind before each operation on the disk.
class Life {
 public:
  Life(io::MemoryFileSystem& files, Manifest manifest, Random& random)
      : files_(files), faults_(files), manifest_(manifest), random_(random) {
    directory_ = std::make_unique<SplitDirectory>(*faults_.OpenDirectory("db", true));
    faults_.SetHook([this](io::OperationKind kind, std::string_view name) {
      Cut(std::string(io::OperationKindName(kind)) + " of " + std::string(name));
      return std::optional<Error>();
    });
  }

  // Starts the log after what recovery found; everything found counts as flushed.
  void Start(const RecoveryResult& found) {
    durable_ = attempted_ = found.end.last_sequence;
    manifest_.flushed_sequence = durable_;
    auto log = WalManager::Create({.directory = directory_.get(),
                                   .clock = &clock_,
                                   .database_id = kTestDatabase,
                                   .reserve_step_bytes = 4096},
                                  found.highest_segment + 1, found.end);
    ASSERT_TRUE(log) << log.error().ToString();
    log_ = std::move(*log);
    // A cut may come before the manifest has learned of the new segment.
    if (!random_.OneIn(3)) manifest_.first_segment = log_->segment_number();
  }

  void Work(int steps) {
    for (int step = 0; step < steps; ++step) {
      switch (random_.Below(12)) {
        case 0: Rotate(); break;
        case 1: ASSERT_TRUE(log_->Sync()); break;
        default: Append(); break;
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
    if (random_.OneIn(2)) {
      ASSERT_TRUE(log_->Close());
    }
    Cut("the end");
  }

  std::vector<Image> TakeImages() { return std::exchange(images_, {}); }

 private:
  void Cut(const std::string& where) {
    const SequenceNumber durable =
        std::max(durable_, log_ == nullptr ? 0 : log_->durable_sequence());
    Random* const kept[] = {nullptr, &random_, &random_};
    for (Random* random : kept) {
      images_.push_back({.files = files_.CrashImage(random),
                         .manifest = manifest_,
                         .durable = durable,
                         .attempted = attempted_,
                         .cut_at = where});
    }
  }

  void Append() {
    std::vector<std::string> encoded;
    std::vector<FrameInput> frames;
    const std::uint64_t frame_count = 1 + random_.Below(3);
    for (std::uint64_t i = 0; i < frame_count; ++i) {
      const auto entry_count = static_cast<std::uint32_t>(1 + random_.Below(3));
      encoded.push_back(EncodeEntries(attempted_ + 1, entry_count, kVariedBytes));
      frames.push_back({.entry_count = entry_count, .first_sequence = attempted_ + 1});
      attempted_ += entry_count;
    }
    for (std::uint64_t i = 0; i < frame_count; ++i) frames[i].encoded = encoded[i];
    ASSERT_TRUE(log_->Append(frames, random_.OneIn(3)));
  }

  void Rotate() {
    const SequenceNumber last = log_->last_sequence();
    ASSERT_TRUE(log_->Rotate(log_->segment_number() + 1 + random_.Below(3)));
    ASSERT_EQ(log_->durable_sequence(), last);
    if (random_.OneIn(2)) {  // the memtable of the older segments is flushed
      manifest_ = {.first_segment = log_->segment_number(), .flushed_sequence = last};
      ASSERT_TRUE(log_->DeleteSegmentsBefore(manifest_.first_segment));
    }
  }

  io::MemoryFileSystem& files_;
  io::FaultFileSystem faults_;
  std::unique_ptr<SplitDirectory> directory_;
  io::ManualClock clock_;
  Manifest manifest_;
  Random& random_;
  SequenceNumber durable_ = 0;
  SequenceNumber attempted_ = 0;
  std::unique_ptr<WalManager> log_;
  std::vector<Image> images_;
};

Replayed ReplayImage(const Image& image, WalRecoveryMode mode) {
  const auto directory = *image.files->OpenDirectory("db", true);
  return Replay({.directory = directory.get(),
                 .database_id = kTestDatabase,
                 .mode = mode,
                 .first_segment = image.manifest.first_segment,
                 .flushed_sequence = image.manifest.flushed_sequence},
                kVariedBytes);
}

// Checks what recovery makes of `image` and answers it.
Replayed CheckImage(const Image& image) {
  for (const WalRecoveryMode mode :
       {WalRecoveryMode::kTolerateTail, WalRecoveryMode::kPointInTime}) {
    Replayed replayed = ReplayImage(image, mode);
    EXPECT_TRUE(replayed.result) << replayed.result.error().ToString();
    if (!replayed.result) return replayed;
    EXPECT_TRUE(replayed.contents_right);
    EXPECT_TRUE(replayed.result->losses.empty()) << replayed.result->losses[0];
    SequenceNumber last = image.manifest.flushed_sequence;
    for (const SequenceNumber sequence : replayed.sequences) EXPECT_EQ(sequence, ++last);
    EXPECT_GE(last, image.durable) << "a durable batch is gone";
    EXPECT_LE(last, image.attempted) << "a batch that was never written is there";
    EXPECT_EQ(replayed.result->end.last_sequence, last);
    if (mode == WalRecoveryMode::kPointInTime) return replayed;
  }
  return {};
}

TEST(WalCrash, AnyPowerCutLeavesAPrefixWithEverythingDurable) {
  Random random(TestSeed(1));
  std::size_t images = 0;
  std::size_t torn = 0;
  std::size_t shorter = 0;
  for (int round = 0; round < 40; ++round) {
    io::MemoryFileSystem files;
    Life life(files, {}, random);
    life.Start({});
    life.Work(30);
    ASSERT_FALSE(::testing::Test::HasFatalFailure());
    for (const Image& image : life.TakeImages()) {
      SCOPED_TRACE("round " + std::to_string(round) + ", cut at " + image.cut_at);
      const Replayed replayed = CheckImage(image);
      ASSERT_FALSE(::testing::Test::HasFailure());
      ++images;
      torn += replayed.result->torn_tail_bytes != 0;
      shorter += replayed.result->end.last_sequence < image.attempted;
    }
  }
  // The work and the cuts must reach the states that this test is about.
  EXPECT_GT(images, 3'000U);
  EXPECT_GT(torn, images / 20);
  EXPECT_GT(shorter, images / 10);
}

TEST(WalCrash, ASecondPowerCutInTheSecondLifeLosesNothingEither) {
  Random random(TestSeed(2));
  for (int round = 0; round < 8; ++round) {
    io::MemoryFileSystem files;
    Life first(files, {}, random);
    first.Start({});
    first.Work(20);
    ASSERT_FALSE(::testing::Test::HasFatalFailure());
    for (Image& image : first.TakeImages()) {
      if (!random.OneIn(8)) continue;
      SCOPED_TRACE("round " + std::to_string(round) + ", first cut at " + image.cut_at);
      const Replayed found = CheckImage(image);
      ASSERT_FALSE(::testing::Test::HasFailure());
      Life second(*image.files, image.manifest, random);
      second.Start(*found.result);
      second.Work(8);
      ASSERT_FALSE(::testing::Test::HasFatalFailure());
      for (const Image& again : second.TakeImages()) {
        SCOPED_TRACE("second cut at " + again.cut_at);
        (void)CheckImage(again);
        ASSERT_FALSE(::testing::Test::HasFailure());
      }
    }
  }
}

}  // namespace
}  // namespace quiver::wal
