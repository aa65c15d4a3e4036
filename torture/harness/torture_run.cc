#include "harness/torture_run.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <system_error>

namespace quiver::torture {

namespace {

constexpr std::uint64_t kFailuresPrinted = 20;
constexpr std::uint64_t kNotesPrinted = 40;

[[noreturn]] void UsageError(std::string_view test, std::string_view what) {
  std::fprintf(stderr,
               "torture-%s: %s\nusage: torture-%s [--seed N] [--seconds S] [--dir D] [--plan P]\n",
               std::string(test).c_str(), std::string(what).c_str(), std::string(test).c_str());
  std::exit(2);
}

}  // namespace

pid_t ForkWithParent() {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);  // it died before the line above
  }
  return child;
}

TortureRun::TortureRun(std::string_view test, int argc, char** argv)
    : test_(test), program_(argv[0]) {
  std::filesystem::path base = std::filesystem::temp_directory_path();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    const char* const value = argv[i + 1];
    char* end = nullptr;
    if (flag == "--seed") {
      seed_ = std::strtoull(value, &end, 10);
    } else if (flag == "--seconds") {
      seconds_ = std::strtod(value, &end);
    } else if (flag == "--dir") {
      base = value;
    } else if (flag == "--plan") {
      plan_ = value;
    } else {
      UsageError(test_, "unknown flag " + std::string(flag));
    }
    if (end != nullptr && (*end != '\0' || end == value)) {
      UsageError(test_, std::string(flag) + " takes a number, not " + value);
    }
  }
  if (argc % 2 == 0) UsageError(test_, "the last flag has no value");
  directory_ = base / ("quiver-torture-" + test_ + "-" + std::to_string(::getpid()));
  std::filesystem::remove_all(directory_);
  std::filesystem::create_directories(directory_);
  const std::string command = program_ + " --seed " + std::to_string(seed_) + " --seconds " +
                              std::to_string(static_cast<std::uint64_t>(std::ceil(seconds_)));
  death_line_.emplace(test_, command, seed_, plan_);
}

TortureRun::~TortureRun() {
  std::error_code ignored;
  if (violations() == 0) std::filesystem::remove_all(directory_, ignored);
}

double TortureRun::Elapsed() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

bool TortureRun::TimeLeft() const {
  return Elapsed() < seconds_;
}

void TortureRun::Count(std::string_view figure, double by) {
  MutexLock lock(mutex_);
  figures_[std::string(figure)] += by;
}

void TortureRun::Set(std::string_view figure, double value) {
  MutexLock lock(mutex_);
  figures_[std::string(figure)] = value;
}

void TortureRun::Max(std::string_view figure, double value) {
  MutexLock lock(mutex_);
  double& most = figures_[std::string(figure)];
  most = value > most ? value : most;
}

void TortureRun::Fail(std::string_view plan, std::string_view what) {
  MutexLock lock(mutex_);
  if (++violations_ > kFailuresPrinted) return;
  std::printf("FAIL %s seed=%llu plan=%.*s: %.*s   repeat: %s --seed %llu --plan '%.*s'\n",
              test_.c_str(), static_cast<unsigned long long>(seed_), static_cast<int>(plan.size()),
              plan.data(), static_cast<int>(what.size()), what.data(), program_.c_str(),
              static_cast<unsigned long long>(seed_), static_cast<int>(plan.size()), plan.data());
  std::fflush(stdout);
}

void TortureRun::Note(std::string_view what) {
  MutexLock lock(mutex_);
  if (++notes_ > kNotesPrinted) return;
  std::printf("note: %.*s\n", static_cast<int>(what.size()), what.data());
  std::fflush(stdout);
}

std::uint64_t TortureRun::violations() const {
  MutexLock lock(mutex_);
  return violations_;
}

void TortureRun::Skip(std::string_view why) {
  MutexLock lock(mutex_);
  skipped_ = why;
}

void TortureRun::LeaveOut(std::string_view part, std::string_view why) {
  MutexLock lock(mutex_);
  if (!left_out_.emplace(part, why).second) return;
  std::printf("left out: %.*s: %.*s\n", static_cast<int>(part.size()), part.data(),
              static_cast<int>(why.size()), why.data());
  std::fflush(stdout);
}

int TortureRun::Finish() {
  MutexLock lock(mutex_);
  nlohmann::ordered_json line;
  line["test"] = test_;
  line["seed"] = seed_;
  line["seconds"] = Elapsed();
  line["passed"] = violations_ == 0;
  if (!skipped_.empty()) line["skipped"] = skipped_;
  if (!left_out_.empty()) line["left_out"] = left_out_;
  line["figures"] = figures_;
  line["figures"]["violations"] = violations_;
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
  if (violations_ != 0) return 1;
  return skipped_.empty() ? 0 : 77;
}

}  // namespace quiver::torture
