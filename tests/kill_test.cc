// Goal: in every log mode a write that was acknowledged survives SIGKILL, and a batch is whole.
//
// Method: a child process opens the database and writes from four threads; each write is a batch of
// three rows that carry the same number, and each acknowledgement goes to the parent through a
// pipe. The parent kills the child at a random moment, opens the database and checks: every
// acknowledged number is there in full, and no batch is torn. 100 kills a mode on one database
// (QUIVER_KILLS changes it), so that recovery also meets the remains of earlier recoveries.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "base/random.h"
#include "quiver/database.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

constexpr int kWriters = 4;

std::uint64_t KillCount() {
  const char* text = std::getenv("QUIVER_KILLS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 100;
}

DatabaseConfig Config(WalMode mode) {
  DatabaseConfig config;
  config.wal_mode = mode;
  config.wal_batch_interval_ms = 5;
  config.memtable_size_bytes = 128 << 10;  // rotations, flushes and compactions in every run
  config.memory_limit_bytes = 64 << 20;
  config.table_size_bytes = 256 << 10;
  config.level_base_bytes = 512 << 10;
  config.disk_reserve_bytes = 0;
  return config;
}

std::string Key(int writer, std::uint64_t number, int part) {
  return "w" + std::to_string(writer) + "-" + std::to_string(number) + "-" + std::to_string(part);
}
std::string Value(int writer, std::uint64_t number) {
  const auto repeat = static_cast<std::size_t>(number % 40);
  return std::to_string(writer) + ":" + std::to_string(number) + std::string(repeat, 'x');
}

struct Acknowledgement {
  std::uint32_t writer;
  std::uint32_t padding;
  std::uint64_t number;
};

// The child: never returns.
[[noreturn]] void RunChild(const std::filesystem::path& path, WalMode mode,
                           const std::vector<std::uint64_t>& next, int pipe_end) {
  auto opened = Database::Open(path, Config(mode));
  if (!opened) {
    std::fprintf(stderr, "child: %s\n", opened.error().ToString().c_str());
    ::_exit(1);
  }
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (std::uint64_t number = next[static_cast<std::size_t>(writer)];; ++number) {
        WriteBatch batch;
        bool ok = true;
        for (int part = 0; part < 3; ++part) {
          ok = ok && batch.Put(Key(writer, number, part), Value(writer, number)).ok();
        }
        if (!ok || !(*opened)->Write(batch)) ::_exit(2);
        const Acknowledgement done{static_cast<std::uint32_t>(writer), 0, number};
        // A pipe write of this size is atomic: acknowledgements of the threads do not mix.
        if (::write(pipe_end, &done, sizeof done) != sizeof done) ::_exit(3);
      }
    });
  }
  writers.clear();
  ::_exit(4);
}

class KillTest : public ::testing::TestWithParam<WalMode> {
 protected:
  /// Runs the child until it is killed after `delay_us`; next_ is then one above the last number
  /// that each writer had acknowledged.
  void RunUntilKilled(std::uint64_t delay_us) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      RunChild(path_, GetParam(), next_, ends[1]);
    }
    ::close(ends[1]);
    std::jthread killer([child, delay_us] {
      ::usleep(static_cast<useconds_t>(delay_us));
      ::kill(child, SIGKILL);
    });
    Acknowledgement done{};
    while (::read(ends[0], &done, sizeof done) == sizeof done) {
      next_[done.writer] = done.number + 1;
      ++acknowledged_;
    }
    ::close(ends[0]);
    killer.join();
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << status;
  }

  /// Parts of a batch that are there, each with its right value.
  int PartsPresent(const Database& db, int writer, std::uint64_t number) {
    int present = 0;
    for (int part = 0; part < 3; ++part) {
      const auto value = db.Get(Key(writer, number, part));
      EXPECT_TRUE(value) << value.error().ToString();
      if (!value || !*value) continue;
      ++present;
      EXPECT_EQ((*value)->view(), Value(writer, number));
    }
    return present;
  }

  void CheckAfterKill(const std::vector<std::uint64_t>& before) {
    auto opened = Database::Open(path_, Config(GetParam()));
    ASSERT_TRUE(opened) << opened.error().ToString();
    EXPECT_TRUE((*opened)->recovery_report().losses.empty());
    for (int writer = 0; writer < kWriters; ++writer) {
      std::uint64_t& next = next_[static_cast<std::size_t>(writer)];
      for (std::uint64_t n = before[static_cast<std::size_t>(writer)]; n < next; ++n, ++checked_) {
        ASSERT_EQ(PartsPresent(**opened, writer, n), 3)
            << "acknowledged, lost: writer " << writer << " number " << n;
      }
      // The write in flight may exist or not, but as a whole.
      const int in_flight = PartsPresent(**opened, writer, next);
      ASSERT_TRUE(in_flight == 0 || in_flight == 3) << "a torn batch";
      if (in_flight == 3) ++next;
      ++checked_;
    }
    ASSERT_TRUE((*opened)->Close());
  }

  testing::TempDir dir_;
  const std::filesystem::path path_ = dir_.path() / "db";
  /// Number of each writer's next write.
  std::vector<std::uint64_t> next_ = std::vector<std::uint64_t>(kWriters, 0);
  std::uint64_t acknowledged_ = 0;
  std::uint64_t checked_ = 0;
};

TEST_P(KillTest, AcknowledgedWritesSurviveAndBatchesAreWhole) {
  Random random(testing::TestSeed(20261123) + static_cast<std::uint64_t>(GetParam()));
  for (std::uint64_t kill = 0; kill < KillCount() && !HasFatalFailure(); ++kill) {
    SCOPED_TRACE("kill " + std::to_string(kill));
    const std::vector<std::uint64_t> before = next_;
    RunUntilKilled(5000 + random.Below(150'000));
    if (!HasFatalFailure()) CheckAfterKill(before);
  }
  if (HasFatalFailure()) return;
  // Everything acknowledged over all kills is still there at the end.
  auto opened = Database::Open(path_, Config(GetParam()));
  ASSERT_TRUE(opened);
  for (int writer = 0; writer < kWriters; ++writer) {
    for (std::uint64_t n = 0; n < next_[static_cast<std::size_t>(writer)]; ++n) {
      ASSERT_EQ(PartsPresent(**opened, writer, n), 3) << "writer " << writer << " number " << n;
    }
  }
  std::printf(
      "%s: %llu kills, %llu batches acknowledged, %llu checked after a kill, 0 lost\n",
      std::string(WalModeName(GetParam())).c_str(), static_cast<unsigned long long>(KillCount()),
      static_cast<unsigned long long>(acknowledged_), static_cast<unsigned long long>(checked_));
}

INSTANTIATE_TEST_SUITE_P(EveryLogMode, KillTest,
                         ::testing::Values(WalMode::kSync, WalMode::kBatch, WalMode::kAsync),
                         [](const auto& mode) { return std::string(WalModeName(mode.param)); });

}  // namespace
}  // namespace quiver
