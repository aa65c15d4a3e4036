#include "recovery_time/recovery_child.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "harness/torture_run.h"

namespace quiver::torture {

namespace {

constexpr std::uint64_t kRowsReadMax = 5000;  // of each writer

std::string Key(int writer, std::uint64_t number) {
  // Spread over the key space, as a load that is not sorted.
  return std::to_string(number * 0x9E3779B97F4A7C15ULL) + "-" + std::to_string(writer) + "-" +
         std::to_string(number);
}

std::string Value(int writer, std::uint64_t number) {
  std::string value = Key(writer, number);
  value.resize(kRecoveryValueBytes, static_cast<char>('a' + number % 26));
  return value;
}

void Say(RecoveryShared& shared, const std::string& text) {
  const std::size_t bytes = std::min(text.size(), shared.text.size() - 1);
  std::copy_n(text.data(), bytes, shared.text.data());
  shared.text[bytes] = '\0';
}

void CheckRows(Engine& engine, RecoveryShared& shared) {
  if (const std::string losses = engine.ReportedLosses(); !losses.empty()) {
    shared.rows_lost.fetch_add(1);
    Say(shared, "a loss is reported: " + losses);
  }
  std::string value;
  for (int writer = 0; writer < kRecoveryWriters; ++writer) {
    const std::uint64_t last = shared.acknowledged[static_cast<std::size_t>(writer)].load();
    const std::uint64_t step = 1 + last / kRowsReadMax;
    for (std::uint64_t number = last; number >= 1; number -= std::min(step, number)) {
      const Result<bool> found = engine.Get(Key(writer, number), value);
      shared.rows_checked.fetch_add(1);
      if (found && *found && value == Value(writer, number)) continue;
      if (shared.rows_lost.fetch_add(1) != 0) continue;
      Say(shared, "row " + std::to_string(number) + " of " + std::to_string(last) +
                      (found ? " is lost" : ": " + found.error().ToString()));
    }
  }
}

[[noreturn]] void WriteForever(const RecoverySubject& subject, const EngineConfig& config,
                               RecoveryShared& shared) {
  auto opened = subject.kind->open(config);
  if (!opened) {
    Say(shared, opened.error().ToString());
    ::_exit(1);
  }
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < kRecoveryWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (std::uint64_t number = 1;; ++number) {
        const auto put = (*opened)->Put(Key(writer, number), Value(writer, number));
        if (!put) {
          Say(shared, put.error().ToString());
          ::_exit(2);
        }
        shared.acknowledged[static_cast<std::size_t>(writer)].store(number);
        shared.value_bytes.fetch_add(kRecoveryValueBytes);
      }
    });
  }
  writers.clear();
  ::_exit(3);
}

[[noreturn]] void TimeOpen(const RecoverySubject& subject, const EngineConfig& config,
                           RecoveryShared& shared) {
  std::string value;
  const std::string key = Key(0, std::max<std::uint64_t>(shared.acknowledged[0].load(), 1));
  const auto start = std::chrono::steady_clock::now();
  auto opened = subject.kind->open(config);
  if (opened) (void)(*opened)->Get(key, value);  // CheckRows judges the answer
  shared.ms.store(
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  if (!opened) {
    Say(shared, opened.error().ToString());
    shared.outcome.store(RecoveryShared::kRefused);
    ::_exit(0);
  }
  CheckRows(**opened, shared);
  shared.outcome.store(RecoveryShared::kOpened);
  ::_exit(0);
}

}  // namespace

std::vector<RecoverySubject> RecoverySubjects() {
  std::vector<RecoverySubject> subjects;
  for (const EngineKind& kind : EngineKinds()) {
    if (kind.name == "quiver") {
      subjects.push_back({.label = "quiver", .kind = &kind});
      continue;
    }
    const bool grows_log = kind.name != "sqlite";  // by default its journal ends with a transaction
    subjects.push_back({.label = kind.name + "_default", .kind = &kind, .grows_log = grows_log});
    if (kind.has_stricter_checks) {
      subjects.push_back({.label = kind.name + "_strictest",
                          .kind = &kind,
                          .checks = Checks::kStrictest,
                          .grows_log = grows_log});
    }
    if (kind.name == "sqlite") {
      subjects.push_back({.label = "sqlite_wal", .kind = &kind, .log_file = "data.sqlite-wal"});
    }
  }
  return subjects;
}

pid_t StartLoad(const RecoverySubject& subject, const EngineConfig& config,
                RecoveryShared& shared) {
  for (auto& acknowledged : shared.acknowledged) acknowledged.store(0);
  shared.value_bytes.store(0);
  shared.text[0] = '\0';
  const pid_t child = ForkWithParent();
  if (child == 0) WriteForever(subject, config, shared);
  return child;
}

pid_t StartOpen(const RecoverySubject& subject, const EngineConfig& config) {
  const pid_t child = ForkWithParent();
  if (child != 0) return child;
  const auto opened = subject.kind->open(config);
  ::pause();
  ::_exit(opened ? 0 : 1);
}

pid_t StartTimedOpen(const RecoverySubject& subject, const EngineConfig& config,
                     RecoveryShared& shared) {
  shared.outcome.store(RecoveryShared::kNone);
  shared.rows_checked.store(0);
  shared.rows_lost.store(0);
  shared.text[0] = '\0';
  const pid_t child = ForkWithParent();
  if (child == 0) TimeOpen(subject, config, shared);
  return child;
}

}  // namespace quiver::torture
