// torture/harness: what a torture program prints when it dies by a signal, fails or is well. Each
// program is a child of this one that writes into a pipe.
#include "harness/torture_run.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "testing/sanitized.h"
#include "testing/temp_dir.h"

namespace quiver::torture {
namespace {

struct Ended {
  std::string printed;
  int status = 0;
  bool DiedBy(int number) const { return WIFSIGNALED(status) && WTERMSIG(status) == number; }
  std::size_t failures() const {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = printed.find("FAIL ", at)) != std::string::npos; ++at) ++count;
    return count;
  }
};

// Runs `program` as a torture program with the seed 7. Its standard error goes nowhere: sanitizers
// write their reports of a death to it.
Ended RunProgram(const std::function<void(TortureRun&)>& program,
                 const std::vector<std::string>& more = {}) {
  const testing::TempDir directory;
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    (void)!::freopen("/dev/null", "w", stderr);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    std::vector<std::string> words{
        "bin/torture-example",    "--seed", "7", "--seconds", "2.5", "--dir",
        directory.path().string()};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    TortureRun run("example", static_cast<int>(arguments.size()), arguments.data());
    program(run);
    ::_exit(run.Finish());
  }
  ::close(ends[1]);
  Ended ended;
  std::array<char, 4096> bytes{};
  for (ssize_t count; (count = ::read(ends[0], bytes.data(), bytes.size())) > 0;) {
    ended.printed.append(bytes.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  ::waitpid(child, &ended.status, 0);
  return ended;
}

std::string LineOf(const std::string& plan, const std::string& death) {
  return "FAIL example seed=7 plan=" + plan + ": died by " + death +
         "   repeat: bin/torture-example --seed 7 --seconds 3 --plan '" + plan + "'\n";
}

// Not a null pointer that the compiler sees.
void WriteToNowhere() {
  volatile std::uintptr_t nowhere = 16;
  *reinterpret_cast<volatile int*>(nowhere) = 1;
}

TEST(TortureRun, ADeathPrintsOneLineWithThePlanAndTheCommand) {
  for (const auto& [number, name] :
       {std::pair(SIGABRT, "SIGABRT"), std::pair(SIGBUS, "SIGBUS"), std::pair(SIGFPE, "SIGFPE"),
        std::pair(SIGSEGV, "SIGSEGV"), std::pair(SIGALRM, "SIGALRM, its watchdog: it hung")}) {
    const Ended ended = RunProgram([&](TortureRun& run) {
      run.Doing("case=1");
      run.Doing("case=2");
      ::raise(number);
    });
    EXPECT_EQ(ended.printed, LineOf("case=2", name));
    EXPECT_TRUE(WIFSIGNALED(ended.status) || WEXITSTATUS(ended.status) != 0) << name;
  }
}

TEST(TortureRun, AFaultOfTheProcessorPrintsTheLineAndDiesAsItWould) {
  const Ended ended = RunProgram([](TortureRun& run) {
    run.Doing("here");
    WriteToNowhere();
  });
  EXPECT_EQ(ended.printed, LineOf("here", "SIGSEGV"));
  EXPECT_TRUE(WIFSIGNALED(ended.status) || WEXITSTATUS(ended.status) != 0);  // sanitizers exit
}

TEST(TortureRun, AbortAndTheWatchdogEndTheProcessAsTheyWould) {
  EXPECT_TRUE(RunProgram([](TortureRun&) { std::abort(); }).DiedBy(SIGABRT));
  const Ended hung = RunProgram([](TortureRun& run) {
    run.Doing("waits");
    ::alarm(1);
    for (;;) ::pause();
  });
  EXPECT_TRUE(hung.DiedBy(SIGALRM));
  EXPECT_EQ(hung.printed, LineOf("waits", "SIGALRM, its watchdog: it hung"));
}

TEST(TortureRun, TheDyingThreadsPlanCounts) {
  const Ended ended = RunProgram([](TortureRun& run) {
    run.Doing("main");
    std::thread other([&] {
      run.Doing("other");
      ::raise(SIGABRT);
    });
    other.join();
  });
  EXPECT_EQ(ended.printed, LineOf("other", "SIGABRT"));
  const Ended main = RunProgram([](TortureRun& run) {
    run.Doing("main");
    std::thread([&] { run.Doing("other"); }).join();
    ::raise(SIGABRT);
  });
  EXPECT_EQ(main.printed, LineOf("main", "SIGABRT"));
  // A thread of the engine has no plan of its own.
  const Ended background = RunProgram([](TortureRun& run) {
    run.Doing("main");
    std::thread([&] { ::raise(SIGABRT); }).join();
  });
  EXPECT_EQ(background.printed, LineOf("main", "SIGABRT"));
}

TEST(TortureRun, WithoutAPlanTheCommandLinesCountsOrNone) {
  const Ended given = RunProgram([](TortureRun&) { ::raise(SIGABRT); }, {"--plan", "1:2"});
  EXPECT_EQ(given.printed, LineOf("1:2", "SIGABRT"));
  EXPECT_EQ(RunProgram([](TortureRun&) { ::raise(SIGABRT); }).printed,
            "FAIL example seed=7 plan=-: died by SIGABRT   repeat: bin/torture-example --seed 7 "
            "--seconds 3\n");
}

TEST(TortureRun, APartThatCannotRunStandsInTheFiguresLineWithItsReason) {
  const Ended ended = RunProgram([](TortureRun& run) {
    run.Count("cuts", 3);
    run.LeaveOut("xfs", "no mkfs.xfs");
    run.LeaveOut("xfs", "the same again");
  });
  EXPECT_EQ(ended.status, 0);
  EXPECT_TRUE(ended.printed.starts_with("left out: xfs: no mkfs.xfs\n{")) << ended.printed;
  EXPECT_NE(ended.printed.find(R"("passed":true,"left_out":{"xfs":"no mkfs.xfs"},"figures":{)"),
            std::string::npos)
      << ended.printed;
}

TEST(TortureRun, APlanThatIsTooLongIsCut) {
  const std::string plan(DeathLine::kPlanBytesMax + 500, 'p');
  const Ended ended = RunProgram([&](TortureRun& run) {
    run.Doing(plan);
    ::raise(SIGABRT);
  });
  EXPECT_EQ(ended.printed, LineOf(plan.substr(0, DeathLine::kPlanBytesMax), "SIGABRT"));
}

[[gnu::noinline]] std::size_t UseTheWholeStack(std::size_t depth) {
  volatile char bytes[4096];
  bytes[depth % sizeof bytes] = 1;
  if (depth == ~std::size_t{0}) return 0;  // never: else the compiler complains
  return UseTheWholeStack(depth + 1) + static_cast<std::size_t>(bytes[depth % sizeof bytes]);
}

TEST(TortureRun, AStackThatIsUsedUpPrintsItsLineToo) {
  if (testing::kSanitized) GTEST_SKIP() << "sanitizers give threads signal stacks of their own";
  for (const bool in_a_thread : {false, true}) {
    const Ended ended = RunProgram([&](TortureRun& run) {
      const auto overflow = [&] {
        run.Doing("deep");
        std::exit(static_cast<int>(UseTheWholeStack(0)));
      };
      in_a_thread ? std::thread(overflow).join() : overflow();
    });
    EXPECT_TRUE(ended.DiedBy(SIGSEGV));
    EXPECT_EQ(ended.printed, LineOf("deep", "SIGSEGV"));
  }
}
TEST(TortureRun, AChildThatIsMeantToAbortSaysNothing) {
  const Ended ended = RunProgram([](TortureRun& run) {
    run.Doing("case=1");
    const pid_t child = ::fork();
    if (child == 0) std::abort();
    int status = 0;
    ::waitpid(child, &status, 0);
    run.Set("child_aborted", WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? 1 : 0);
    run.Count("deaths");
  });
  EXPECT_EQ(ended.failures(), 0U) << ended.printed;
  EXPECT_NE(ended.printed.find("\"child_aborted\":1"), std::string::npos) << ended.printed;
  EXPECT_TRUE(WIFEXITED(ended.status) && WEXITSTATUS(ended.status) == 0);
}

TEST(TortureRun, AfterAChildWasMadeADeathPrintsItsLineStill) {
  const Ended ended = RunProgram([](TortureRun& run) {
    run.Doing("case=1");
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
    ::raise(SIGABRT);
  });
  EXPECT_EQ(ended.printed, LineOf("case=1", "SIGABRT"));
}

TEST(TortureRun, ARunThatIsWellPrintsNoFailureAndOneWithAViolationOne) {
  const Ended well = RunProgram([](TortureRun& run) { run.Doing("case=1"); });
  EXPECT_EQ(well.failures(), 0U) << well.printed;
  EXPECT_NE(well.printed.find("\"passed\":true"), std::string::npos);
  EXPECT_EQ(WEXITSTATUS(well.status), 0);
  const Ended broken = RunProgram([](TortureRun& run) { run.Fail("case=3", "a row is gone"); });
  EXPECT_EQ(broken.failures(), 1U);
  EXPECT_TRUE(broken.printed.starts_with("FAIL example seed=7 plan=case=3: a row is gone"));
  EXPECT_NE(broken.printed.find("\"passed\":false"), std::string::npos);
  EXPECT_EQ(WEXITSTATUS(broken.status), 1);
}

TEST(TortureRun, OnceTheRunIsOverASignalIsNoFailureOfIt) {
  const Ended ended = RunProgram([](TortureRun&) {
    // The outer run holds the handlers; this one stands for a program whose run has ended.
    const pid_t child = ::fork();
    if (child != 0) {
      ::waitpid(child, nullptr, 0);
      ::_exit(0);
    }
    const testing::TempDir directory;
    std::string dir = directory.path().string();
    std::array<char*, 3> words{const_cast<char*>("program"), const_cast<char*>("--dir"),
                               dir.data()};
    {
      TortureRun run("inner", static_cast<int>(words.size()), words.data());
    }
    ::raise(SIGABRT);
  });
  EXPECT_EQ(ended.failures(), 0U) << ended.printed;
}

}  // namespace
}  // namespace quiver::torture
