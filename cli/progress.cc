#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace quiver::cli {

namespace {

std::string Human(double number, const std::string& unit) {
  const bool bytes = unit == "bytes";
  const double step = bytes ? 1024 : 1000;
  const char* const suffixes[] = {"", bytes ? "Ki" : "k", bytes ? "Mi" : "M", bytes ? "Gi" : "G"};
  std::size_t power = 0;
  while (number >= step && power < 3) {
    number /= step;
    ++power;
  }
  char text[32];
  std::snprintf(text, sizeof text, power == 0 ? "%.0f" : "%.1f", number);
  return std::string(text) +
         (bytes ? std::string(" ") + suffixes[power] + "B" : suffixes[power] + (" " + unit));
}

}  // namespace

Progress::Progress(std::string title, std::string unit, std::uint64_t total)
    : title_(std::move(title)),
      unit_(std::move(unit)),
      total_(total),
      terminal_(::isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

Progress::~Progress() {
  if (shown_) std::fprintf(stderr, "\r\033[K");
}

void Progress::Update(std::uint64_t done, std::uint64_t total) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  if (total != 0) total_ = total;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  std::string line = title_ + ": " + Human(static_cast<double>(done), unit_);
  if (total_ != 0) {
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const int width = 24;
    const int filled = static_cast<int>(share * width);
    line += " [" + std::string(static_cast<std::size_t>(filled), '#') +
            std::string(static_cast<std::size_t>(width - filled), '.') + "] " +
            std::to_string(static_cast<int>(share * 100)) + "%";
  }
  line += ", " + Human(static_cast<double>(done) / std::max(seconds, 1e-3), unit_) + "/s";
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  shown_ = true;
}

}  // namespace quiver::cli
