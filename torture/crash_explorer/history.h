// History: what a workload has written, and what a database may and must still hold after a crash.
// It is the oracle of the crash explorer, and lives outside the tested directory.
//
// A database is right if it is exactly the state after one of the writes, no earlier than the
// contract of docs/guarantees.md allows. That one comparison covers the rules of the plan: what was
// acknowledged as durable is there (P1), no hole (P2), batches are whole (P3), nothing is
// resurrected or invented (P4), and flushed data is there whatever the log mode (P7).
//
// Every value says who wrote it: key, sequence, batch and seed (see ValueOf).
//
// Thread safety: none; whoever runs background work does so while the writer waits for it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/engine.h"
#include "quiver/config.h"

namespace quiver::torture {

struct HistoryRow {
  std::string key;
  std::optional<std::string> value;  ///< none: a delete
};

/// The value that write `sequence` gives to `key`, as batch number `batch`, at least as long as its
/// description; with `width` exactly so long.
std::string ValueOf(std::string_view key, SequenceNumber sequence, std::uint64_t batch,
                    std::uint64_t seed, std::size_t size_bytes, std::uint32_t width);

class History {
 public:
  explicit History(const DatabaseConfig& config) : config_(config) {}

  SequenceNumber issued() const noexcept { return issued_; }
  SequenceNumber acknowledged() const noexcept { return acknowledged_; }
  /// The newest sequence that no power cut may lose any more.
  SequenceNumber floor() const noexcept { return floor_; }
  std::uint64_t batch_count() const noexcept { return batch_count_; }

  /// A write begins: from now on a crash may leave it, as a whole.
  void Issue(std::vector<HistoryRow> rows, WalMode mode, std::size_t encoded_bytes);
  /// The write issued last was acknowledged.
  void Acknowledge();
  /// The write issued last was refused before anything of it was done.
  void Refuse();
  /// Everything up to here is durable: a sync, a flush or an open has answered.
  void Require(SequenceNumber sequence);
  /// wal_batch_interval_ms have passed, and the log's lane has run: writes in batch mode
  /// acknowledged up to `sequence` are durable.
  void IntervalPassed(SequenceNumber sequence);
  /// The process was killed: all that was acknowledged must be found, as must what was durable.
  void Killed() { found_least_ = acknowledged_; }
  /// The power was cut: only what was durable must be found.
  void PowerCut() { found_least_ = 0; }
  /// An open found `last`: what is beyond is lost, what is before is durable.
  void Reopened(SequenceNumber last);
  /// What an open must find at the least, now.
  SequenceNumber found_least() const noexcept { return std::max(floor_, found_least_); }

  /// What is wrong with a database that has recovered up to `last`, or empty.
  std::string Check(const Engine& engine, SequenceNumber last, SequenceNumber least) const;

 private:
  struct Version {
    SequenceNumber sequence;
    std::optional<std::string> value;
  };
  struct Write {
    SequenceNumber last;
    WalMode mode;
    std::size_t encoded_bytes;
    std::vector<std::string> keys;
  };

  const std::optional<std::string>* At(const std::vector<Version>& versions,
                                       SequenceNumber sequence) const;
  std::string CheckScan(const Engine& engine, SequenceNumber last) const;
  std::string CheckGets(const Engine& engine, SequenceNumber last) const;
  void DropLast();

  const DatabaseConfig config_;
  std::map<std::string, std::vector<Version>, std::less<>> versions_;
  std::vector<Write> writes_;  // not yet lost, oldest first
  SequenceNumber issued_ = 0;
  SequenceNumber acknowledged_ = 0;
  SequenceNumber floor_ = 0;
  SequenceNumber found_least_ = 0;
  std::uint64_t batch_count_ = 0;
};

}  // namespace quiver::torture
