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

class KillTest : public ::testing::TestWithParam<WalMode> {};

TEST_P(KillTest, AcknowledgedWritesSurviveAndBatchesAreWhole) {
  const WalMode mode = GetParam();
  testing::TempDir dir;
  const auto path = dir.path() / "db";
  Random random(testing::TestSeed(20261123) + static_cast<std::uint64_t>(mode));
  // Number of the next write of each writer; everything below it was acknowledged, or is known to
  // exist or not since the last reopening.
  std::vector<std::uint64_t> next(kWriters, 0);
  std::uint64_t checked = 0;
  std::uint64_t acknowledged_total = 0;

  for (std::uint64_t kill = 0; kill < KillCount(); ++kill) {
    SCOPED_TRACE("kill " + std::to_string(kill));
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      RunChild(path, mode, next, ends[1]);
    }
    ::close(ends[1]);
    std::jthread killer([child, delay_us = 5000 + random.Below(150'000)] {
      ::usleep(static_cast<useconds_t>(delay_us));
      ::kill(child, SIGKILL);
    });
    const std::vector<std::uint64_t> before = next;
    Acknowledgement done{};
    while (::read(ends[0], &done, sizeof done) == sizeof done) {
      next[done.writer] = done.number + 1;
      ++acknowledged_total;
    }
    ::close(ends[0]);
    killer.join();
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status))
        << "the child ended by itself with " << (WIFEXITED(status) ? WEXITSTATUS(status) : -1);

    auto opened = Database::Open(path, Config(mode));
    ASSERT_TRUE(opened) << opened.error().ToString();
    EXPECT_TRUE((*opened)->recovery_report().losses.empty());
    for (int writer = 0; writer < kWriters; ++writer) {
      const auto w = static_cast<std::size_t>(writer);
      // The write in flight may exist or not, but as a whole.
      for (std::uint64_t number = before[w]; number <= next[w]; ++number) {
        int present = 0;
        for (int part = 0; part < 3; ++part) {
          const auto value = (*opened)->Get(Key(writer, number, part));
          ASSERT_TRUE(value) << value.error().ToString();
          if (!*value) continue;
          ++present;
          ASSERT_EQ((*value)->view(), Value(writer, number));
        }
        ++checked;
        if (number < next[w]) {
          ASSERT_EQ(present, 3) << "acknowledged, lost: writer " << writer << " number " << number;
        } else {
          ASSERT_TRUE(present == 0 || present == 3) << "torn batch";
          if (present == 3) ++next[w];
        }
        if (number == next[w]) break;
      }
    }
    ASSERT_TRUE((*opened)->Close());
  }
  // Everything acknowledged over all kills is still there at the end.
  auto opened = Database::Open(path, Config(mode));
  ASSERT_TRUE(opened);
  for (int writer = 0; writer < kWriters; ++writer) {
    for (std::uint64_t number = 0; number < next[static_cast<std::size_t>(writer)]; ++number) {
      const auto value = (*opened)->Get(Key(writer, number, 1));
      ASSERT_TRUE(value && *value) << "writer " << writer << " number " << number;
    }
  }
  std::printf("%s: %llu kills, %llu batches acknowledged, %llu checked after a kill, 0 lost\n",
              std::string(WalModeName(mode)).c_str(), static_cast<unsigned long long>(KillCount()),
              static_cast<unsigned long long>(acknowledged_total),
              static_cast<unsigned long long>(checked));
}

INSTANTIATE_TEST_SUITE_P(EveryLogMode, KillTest,
                         ::testing::Values(WalMode::kSync, WalMode::kBatch, WalMode::kAsync),
                         [](const auto& mode) { return std::string(WalModeName(mode.param)); });

}  // namespace
}  // namespace quiver
