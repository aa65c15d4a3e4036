#include "fault_sweep/fault_case.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/hash.h"
#include "io/posix_error.h"

namespace quiver::torture {

std::string FaultCase::ToText() const {
  return std::to_string(config) + ":" + (any_first ? "*" : std::to_string(first)) + ":" +
         std::to_string(count) + ":" + std::to_string(every) + ":" + std::to_string(error_number) +
         ":" + std::to_string(static_cast<int>(reach)) + ":" + std::to_string(power_cut ? 1 : 0) +
         steps.suffix();
}

std::optional<FaultCase> FaultCase::Parse(const std::string& whole) {
  std::string text = whole;
  const std::optional<StepList> steps = StepList::TakeFrom(text);
  if (!steps) return std::nullopt;
  const std::size_t star = text.find(":*:");
  if (star != std::string::npos) text[star + 1] = '0';
  std::array<std::uint64_t, 7> numbers{};
  const char* at = text.c_str();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    char* end = nullptr;
    numbers[i] = std::strtoull(at, &end, 10);
    const char expected = i + 1 == numbers.size() ? '\0' : ':';
    if (end == at || *end != expected) return std::nullopt;
    at = end + 1;
  }
  if (numbers[5] > static_cast<std::uint64_t>(io::FaultReach::kDone)) return std::nullopt;
  return FaultCase{numbers[0],
                   numbers[1],
                   numbers[2],
                   numbers[3],
                   static_cast<int>(numbers[4]),
                   static_cast<io::FaultReach>(numbers[5]),
                   numbers[6] != 0,
                   star != std::string::npos,
                   *steps};
}

std::string CallSite(io::OperationKind kind, std::string_view file) {
  std::string type;
  for (const char c : file) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit) type += c;
    if (is_digit && !type.ends_with('*')) type += '*';
  }
  if (file.ends_with(".arrow")) type = "*.arrow";
  if (file.starts_with("/")) type = "the directory";
  return std::string(io::OperationKindName(kind)) + " of " + type;
}

io::FaultHook FaultInjector::Hook() {
  return [this](io::OperationKind kind, std::string_view file) { return Call(kind, file); };
}

std::optional<Error> FaultInjector::Call(io::OperationKind kind, std::string_view file) {
  if (stopped_.load()) return std::nullopt;
  const std::uint64_t ordinal = calls_.fetch_add(1);
  const bool fails = ordinal >= fault_.first && (ordinal - fault_.first) % fault_.every == 0 &&
                     (ordinal - fault_.first) / fault_.every < fault_.count;
  {
    MutexLock lock(mutex_);
    const std::string site = CallSite(kind, file);
    digest_ = Checksum(file, digest_ + static_cast<std::uint64_t>(kind));
    if (kind >= io::OperationKind::kLock) {
      changing_.push_back(ordinal);
    } else {
      Reads& reads = reads_[site];
      if (reads.changes != changing_.size()) reads = {changing_.size(), 0};
      reading_.emplace_back(reads.count++, ordinal);
    }
    sites_.insert(site);
    if (fails) failed_sites_.insert(site);
  }
  if (!fails) return std::nullopt;
  failed_.fetch_add(1);
  if (kind == io::OperationKind::kSyncLog || kind == io::OperationKind::kWriteAtDurably) {
    failed_log_sync_.store(true);
  }
  return io::PosixError(fault_.error_number,
                        "injected into " + std::string(io::OperationKindName(kind)), file,
                        Error::kNoOffset);
}

FaultInjector::Calls FaultInjector::calls() const {
  MutexLock lock(mutex_);
  std::vector<std::pair<std::size_t, std::uint64_t>> reading = reading_;
  std::ranges::sort(reading);
  Calls calls{changing_, {}};
  for (const auto& [rank, ordinal] : reading) calls.reading.push_back(ordinal);
  return calls;
}

std::uint64_t FaultInjector::digest() const {
  MutexLock lock(mutex_);
  return digest_;
}

std::set<std::string> FaultInjector::sites() const {
  MutexLock lock(mutex_);
  return sites_;
}

std::set<std::string> FaultInjector::failed_sites() const {
  MutexLock lock(mutex_);
  return failed_sites_;
}

}  // namespace quiver::torture
