// The third step of the demonstration: a writer is killed, and nothing it acknowledged is lost.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "demo.h"
#include "exit_code.h"

namespace quiver::cli {

namespace {

std::string WriterKey(std::uint64_t number) {
  char key[32];
  std::snprintf(key, sizeof key, "row%012llu", static_cast<unsigned long long>(number));
  return key;
}
std::string WriterValue(std::uint64_t number) {
  return "value of row " + std::to_string(number) + std::string(80, 'v');
}

/// Starts this program as the writer; its standard output comes back through a pipe.
Result<pid_t> StartWriter(const std::filesystem::path& directory,
                          const std::filesystem::path& command, int& output) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error(ErrorCode::kIo, "cannot make a pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl(command.c_str(), "quiver", "demo", "--writer", "--directory", directory.c_str(),
            static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(ends[1]);
  output = ends[0];
  if (child < 0) return Error(ErrorCode::kIo, "cannot start the writer");
  return child;
}

/// The largest number of a whole acknowledgement in what the writer said before it died.
std::uint64_t LastAcknowledged(int output) {
  std::string said;
  char buffer[4096];
  for (ssize_t count = 0; (count = ::read(output, buffer, sizeof buffer)) > 0;) {
    said.append(buffer, static_cast<std::size_t>(count));
    if (said.size() > 1 << 16) said.erase(0, said.size() - 4096);
  }
  ::close(output);
  const std::size_t end = said.rfind('\n');
  if (end == std::string::npos) return 0;
  const std::size_t begin = said.rfind('\n', end - 1);
  return std::stoull(said.substr(begin == std::string::npos ? 0 : begin + 1, end));
}

Result<std::uint64_t> KillOnce(const std::filesystem::path& directory,
                               const std::filesystem::path& command, int run_ms) {
  int output = -1;
  const auto child = StartWriter(directory, command, output);
  if (!child) return child.error();
  std::thread killer([pid = *child, run_ms] {
    std::this_thread::sleep_for(std::chrono::milliseconds(run_ms));
    ::kill(pid, SIGKILL);
  });
  const std::uint64_t acknowledged = LastAcknowledged(output);
  killer.join();
  int status = 0;
  ::waitpid(*child, &status, 0);
  if (!WIFSIGNALED(status)) return Error(ErrorCode::kInternal, "the writer ended by itself");
  return acknowledged;
}

}  // namespace

int RunDemoWriter(const std::filesystem::path& directory, int output) {
  DatabaseConfig config = HighPerformance();
  config.memtable_size_bytes = std::uint64_t{8} << 20;
  config.memtable_hash_buckets = 1U << 14;
  auto opened = Database::Open(directory, config);
  if (!opened) return Fail(opened.error());
  std::uint64_t number = (*opened)->recovery_report().last_sequence;
  for (;;) {
    ++number;
    if (const auto put = (*opened)->Put(WriterKey(number), WriterValue(number)); !put) {
      return Fail(put.error());
    }
    const std::string line = std::to_string(number) + "\n";
    if (::write(output, line.data(), line.size()) < 0) return kFailed;
  }
}

Result<void> DemoRecovery(const std::filesystem::path& directory,
                          const std::filesystem::path& command) {
  std::printf("\n4. Recovery (a writer in async mode is killed with SIGKILL, three times)\n");
  for (const int run_ms : {300, 700, 1200}) {
    const auto acknowledged = KillOnce(directory, command, run_ms);
    if (!acknowledged) return acknowledged.error();
    auto opened = Database::Open(directory, HighPerformance());
    if (!opened) return opened.error();
    std::uint64_t lost = 0;
    for (std::uint64_t number = 1; number <= *acknowledged; ++number) {
      const auto value = (*opened)->Get(WriterKey(number));
      if (!value) return value.error();
      if (!*value || (*value)->view() != WriterValue(number)) ++lost;
    }
    std::printf("  killed after %4d ms: %llu acknowledged writes, %llu lost\n", run_ms,
                static_cast<unsigned long long>(*acknowledged),
                static_cast<unsigned long long>(lost));
    if (run_ms == 1200) std::printf("%s", (*opened)->recovery_report().ToText().c_str());
    if (lost != 0) return Error(ErrorCode::kInternal, "acknowledged writes were lost");
    if (const auto closed = (*opened)->Close(); !closed) return closed;
  }
  return {};
}

}  // namespace quiver::cli
