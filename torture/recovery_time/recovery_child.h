// RecoveryChild: the processes that torture-recovery_time kills and times, each made by fork: one
// loads a database, one opens it and waits to be killed, one opens it against the clock and checks
// its rows. What they have to say lies in memory that outlives them.
//
// The parent never opens an engine itself: its threads would not survive a fork, and every open is
// timed in a process that has nothing warm.
//
// Thread safety: one thread of the parent; Shared from any process.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "engines/engine.h"

namespace quiver::torture {

/// An engine with options as it recovers.
struct RecoverySubject {
  std::string label;  ///< of figures and plans: quiver, rocksdb_strictest, sqlite_wal
  const EngineKind* kind = nullptr;
  Checks checks = Checks::kDefault;
  bool grows_log = true;  ///< EngineConfig::log_bytes is set
  std::string log_file;   ///< whose size is the log's; empty: the bytes of the values are
  bool is_quiver() const { return kind->name == "quiver"; }
};
/// Quiver first; then the peers of this build, with default and strictest options.
std::vector<RecoverySubject> RecoverySubjects();

constexpr int kRecoveryWriters = 2;
constexpr std::size_t kRecoveryValueBytes = 1024;

struct RecoveryShared {
  enum Outcome : std::uint32_t { kNone, kOpened, kRefused };
  std::array<std::atomic<std::uint64_t>, kRecoveryWriters> acknowledged{};
  std::atomic<std::uint64_t> value_bytes{0};
  // Of the timed open:
  std::atomic<std::uint32_t> outcome{kNone};
  std::atomic<double> ms{0};  ///< from the begin of the open to the answer of the first read
  std::atomic<std::uint64_t> rows_checked{0};
  std::atomic<std::uint64_t> rows_lost{0};
  std::array<char, 400> text{};  ///< why it was refused, or what of the rows is wrong
};

/// Writes from kRecoveryWriters threads in mode async until it is killed.
pid_t StartLoad(const RecoverySubject& subject, const EngineConfig& config, RecoveryShared& shared);
/// Opens and waits.
pid_t StartOpen(const RecoverySubject& subject, const EngineConfig& config);
/// Opens, reads one row, stops the clock, reads up to 5,000 rows of each writer, ends.
pid_t StartTimedOpen(const RecoverySubject& subject, const EngineConfig& config,
                     RecoveryShared& shared);

}  // namespace quiver::torture
