#include "driver/machine.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "report.h"

namespace quiver::bench {

namespace {

// /proc counts processor time in ticks of 10 ms, per processor and rounded.
constexpr double kResolution_s = 0.05;
constexpr int kKernelThreadParent = 2;

double SecondsOf(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double UsageSeconds(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  return SecondsOf(usage.ru_utime) + SecondsOf(usage.ru_stime);
}

double Ticks() {
  return static_cast<double>(::sysconf(_SC_CLK_TCK));
}

bool IsNumber(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The fields of /proc/PID/stat after the name, which stands in parentheses and may hold anything.
std::vector<std::string> StatFields(const std::filesystem::path& process) {
  std::ifstream file(process / "stat");
  std::string text;
  std::getline(file, text);
  const std::size_t end = text.rfind(')');
  std::vector<std::string> fields;
  if (end == std::string::npos) return fields;
  std::istringstream rest(text.substr(end + 1));
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

double KernelThreadSeconds() {
  constexpr std::size_t kParent = 1, kUserTime = 11, kSystemTime = 12;
  double ticks = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    if (!IsNumber(entry.path().filename().string())) continue;
    const std::vector<std::string> fields = StatFields(entry.path());
    if (fields.size() <= kSystemTime || fields[kParent] != std::to_string(kKernelThreadParent)) {
      continue;
    }
    ticks += std::strtod(fields[kUserTime].c_str(), nullptr) +
             std::strtod(fields[kSystemTime].c_str(), nullptr);
  }
  return ticks / Ticks();
}

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The number after `name:` in a file such as /proc/self/status.
std::uint64_t NumberAfter(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name + ":", 0) != 0) continue;
    return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10);
  }
  return 0;
}

}  // namespace

MachineTimes ReadMachineTimes() {
  MachineTimes times;
  times.wall_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, soft_irq = 0, stolen = 0;
  file >> name >> user >> nice >> system >> idle >> waiting >> irq >> soft_irq >> stolen;
  // Interrupts serve the disk of what is measured: they are not others.
  times.busy_s = (user + nice + system) / Ticks();
  times.stolen_s = stolen / Ticks();
  times.own_s = UsageSeconds(RUSAGE_SELF) + UsageSeconds(RUSAGE_CHILDREN);
  times.kernel_s = KernelThreadSeconds();
  return times;
}

Disturbance DisturbanceBetween(const MachineTimes& before, const MachineTimes& after,
                               double share_max) {
  const double wall_s = std::max(1e-6, after.wall_s - before.wall_s);
  const double kernel_s = std::max(0.0, after.kernel_s - before.kernel_s);
  const double others_s =
      std::max(0.0, (after.busy_s - before.busy_s) - (after.own_s - before.own_s) - kernel_s);
  const double stolen_s = std::max(0.0, after.stolen_s - before.stolen_s);
  Disturbance disturbance;
  disturbance.others_share = others_s / wall_s;
  disturbance.stolen_share = stolen_s / wall_s;
  const double bearable_s = std::max(share_max * wall_s, kResolution_s);
  disturbance.disturbed = others_s > bearable_s || stolen_s > bearable_s;
  return disturbance;
}

std::map<std::string, std::string> MachineState() {
  const auto known = [](const std::string& path) {
    const std::string line = FirstLine(path);
    return line.empty() ? std::string("not told") : line;
  };
  return {{"machine", MachineDescription()},
          {"governor", known("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")},
          {"huge_pages", known("/sys/kernel/mm/transparent_hugepage/enabled")},
          {"huge_pages_defrag", known("/sys/kernel/mm/transparent_hugepage/defrag")},
          {"load_average", LoadAverages()}};
}

std::uint64_t OwnMemoryBytes() {
  return (NumberAfter("/proc/self/status", "RssAnon") +
          NumberAfter("/proc/self/status", "RssShmem")) *
         1024;
}

std::uint64_t OwnWrittenBytes() {
  return NumberAfter("/proc/self/io", "write_bytes");
}

double OwnProcessorSeconds() {
  return UsageSeconds(RUSAGE_SELF);
}

std::uint64_t DiskBytes(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code error;
  std::filesystem::recursive_directory_iterator walk(directory, error);
  for (const auto& entry : walk) {
    struct stat status{};
    if (::lstat(entry.path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  return bytes;
}

}  // namespace quiver::bench
