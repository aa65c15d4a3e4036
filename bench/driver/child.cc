#include "driver/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "report.h"

namespace quiver::bench {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kHugePageSettings = "thp:always,metadata_thp:always,dirty_decay_ms:60000";
constexpr const char* kThisProgram = "/proc/self/exe";

std::optional<std::string> Jemalloc() {
#ifdef QUIVER_BENCH_JEMALLOC
  if (std::filesystem::exists(QUIVER_BENCH_JEMALLOC)) return QUIVER_BENCH_JEMALLOC;
#endif
  return std::nullopt;
}

// After fork(): becomes the child or ends with a status that says why not.
[[noreturn]] void BecomeChild(const ChildRequest& request, int pipe) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (request.memory_group != nullptr && !request.memory_group->Enter()) {
    std::fprintf(stderr, "the memory cgroup refuses the process: %s\n", std::strerror(errno));
    ::_exit(1);
  }
  if (::dup2(pipe, kChildPipe) < 0) ::_exit(1);
  if (request.allocator != Allocator::kSystem) {
    ::setenv("LD_PRELOAD", Jemalloc()->c_str(), 1);
    const bool huge_pages = request.allocator == Allocator::kJemallocHugePages;
    ::setenv("MALLOC_CONF", huge_pages ? kHugePageSettings : "", 1);
  }
  std::vector<char*> arguments;
  std::string name = "quiver-bench";
  arguments.push_back(name.data());
  std::vector<std::string> copies = request.arguments;
  for (std::string& copy : copies) arguments.push_back(copy.data());
  arguments.push_back(nullptr);
  const std::string& program = request.program.empty() ? kThisProgram : request.program;
  ::execv(program.c_str(), arguments.data());
  std::fprintf(stderr, "cannot run %s: %s\n", program.c_str(), std::strerror(errno));
  ::_exit(1);
}

// Reads until the end of the pipe or the deadline; false at the deadline.
bool ReadAll(int pipe, double timeout_s, std::string& text) {
  const Stopwatch stopwatch;
  std::array<char, 4096> buffer;
  while (true) {
    const double left_s = timeout_s - stopwatch.seconds();
    if (left_s <= 0) return false;
    pollfd wait{pipe, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::ceil(left_s * 1000)));
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
    if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

std::string EndOf(int status) {
  if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return "ended with status " + std::to_string(WEXITSTATUS(status));
  return "";
}

void Send(const Json& object) {
  const std::string line = object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (::write(kChildPipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    Fail("cannot write to the driver; without --child this program runs everything by itself");
  }
}

}  // namespace

bool JemallocAvailable() {
  return Jemalloc().has_value();
}

bool HugePagesAvailable() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string line;
  std::getline(file, line);
  return JemallocAvailable() && !line.empty() && line.find("[never]") == std::string::npos;
}

ChildOutcome RunChild(const ChildRequest& request) {
  std::fflush(stdout);
  ChildOutcome outcome;
  int pipes[2];
  if (::pipe2(pipes, O_CLOEXEC) != 0) Fail("no pipe: " + std::string(std::strerror(errno)));
  const MachineTimes before = ReadMachineTimes();
  const Stopwatch stopwatch;
  const pid_t child = ::fork();
  if (child < 0) Fail("no process: " + std::string(std::strerror(errno)));
  if (child == 0) BecomeChild(request, pipes[1]);
  ::close(pipes[1]);
  std::string text;
  const bool in_time = ReadAll(pipes[0], request.timeout_s, text);
  ::close(pipes[0]);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  outcome.seconds = stopwatch.seconds();
  outcome.disturbance = DisturbanceBetween(before, ReadMachineTimes(), request.others_share_max);
  outcome.error = in_time ? EndOf(status) : "cut after " + Fixed(request.timeout_s, 0) + " s";
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    if (!ParseChildLine(text.substr(start, end - start), outcome) && outcome.error.empty()) {
      outcome.error =
          "said what the driver does not understand: " + text.substr(start, end - start);
    }
    start = end + 1;
  }
  return outcome;
}

void ReportRow(std::string_view row, double value, Unit unit) {
  if (!std::isfinite(value)) Fail("row " + std::string(row) + " has no finite figure");
  Send(Json{{"row", row}, {"value", value}, {"unit", InfoOf(unit).name}});
}

void ReportSkipped(std::string_view row, std::string_view reason) {
  Send(Json{{"skipped", std::string(row) + ": " + std::string(reason)}});
}

bool ParseChildLine(const std::string& line, ChildOutcome& outcome) {
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return false;
  if (const auto skipped = object.find("skipped"); skipped != object.end()) {
    if (!skipped->is_string()) return false;
    outcome.skipped.push_back(skipped->get<std::string>());
    return true;
  }
  const auto row = object.find("row");
  const auto value = object.find("value");
  const auto unit = object.find("unit");
  if (row == object.end() || value == object.end() || unit == object.end() || !row->is_string() ||
      !value->is_number() || !unit->is_string()) {
    return false;
  }
  const auto known = UnitNamed(unit->get<std::string>());
  if (!known) return false;
  outcome.measurements.push_back({row->get<std::string>(), *known, value->get<double>()});
  return true;
}

}  // namespace quiver::bench
