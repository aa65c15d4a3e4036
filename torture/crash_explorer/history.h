// History: what a workload has written, and what a database may and must still hold after a crash.
// It is the oracle of the crash explorer, and lives outside the tested directory.
//
// A database is right if it is exactly the state after one of the writes, no earlier than the
// contract of docs/guarantees.md allows. That one comparison covers the rules of the plan: what was
// acknowledged as durable is there (P1), no hole (P2), batches are whole (P3), nothing is
// resurrected or invented (P4), and flushed data is there whatever the log mode (P7).
//
// Every value says who wrote it: key, sequence, batch and seed (see ValueOf). What the entries of a
// key come to, with their range deletes, operands and expiries, EntryModel says for each keyspace.
//
// Keyspaces are made and dropped by edits of the manifest, which no log mode puts off: one is there
// or gone once the call has answered, and until then either, whatever else is lost.
//
// An ingest's rows share one sequence number, which only the answer tells. Until then, and after a
// refusal that the disk may not have heard of, all of them are there or none.
//
// A keyspace with fifo may lack its oldest versions of a key, as far as DropBound says.
//
// Thread safety: none; whoever runs background work does so while the writer waits for it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crash_explorer/drop_bound.h"
#include "db/engine.h"
#include "quiver/config.h"
#include "testing/entry_model.h"

namespace quiver::torture {

/// The history's number of the default keyspace; others follow in the order of their making.
inline constexpr std::size_t kDefaultKeyspace = 0;

/// An entry of a batch, as BatchEntry has them, but for its keyspace.
struct HistoryRow {
  std::size_t keyspace = kDefaultKeyspace;  ///< the history's number of it
  Operation operation = Operation::kPut;
  std::string key;
  std::string value;  ///< the end of the range for kRangeDelete; empty for kDelete
  std::uint64_t expiry_us = 0;

  /// For a keyspace that the database knows as `id`.
  BatchEntry Entry(std::uint32_t id) const {
    return {
        .keyspace = id, .operation = operation, .key = key, .value = value, .expiry_us = expiry_us};
  }
};

/// The value that write `sequence` gives to `key`, as batch number `batch`, at least as long as its
/// description; with `width` exactly so long.
std::string ValueOf(std::string_view key, SequenceNumber sequence, std::uint64_t batch,
                    std::uint64_t seed, std::size_t size_bytes, std::uint32_t width);

class History {
 public:
  /// `moment` tells the time and what has been written to tables, now; copies ask it too.
  History(const DatabaseConfig& config, std::function<DropMoment()> moment)
      : config_(config), moment_(std::move(moment)) {
    keyspaces_.push_back(
        {"default", 0, Presence::kThere, config, testing::EntryModel(config.merge_operator)});
  }

  SequenceNumber issued() const noexcept { return issued_; }
  /// An ingest was refused, and yet its number or its rows may be found at the next open.
  bool has_undecided_ingest() const noexcept { return ingest_.has_value(); }
  SequenceNumber acknowledged() const noexcept { return acknowledged_; }
  /// The newest sequence that no power cut may lose any more.
  SequenceNumber floor() const noexcept { return floor_; }
  std::uint64_t batch_count() const noexcept { return batch_count_; }

  /// How many entries of each kind were issued, how many of them were to expire, and
  /// how many rows came by an ingest.
  struct KindCounts {
    std::array<std::uint64_t, 4> of_operation{};  // by Operation
    std::uint64_t expiring = 0;
    std::uint64_t ingested = 0;
  };
  const KindCounts& kind_counts() const noexcept { return kind_counts_; }
  /// Answers, of all checks, in which a key lacked what fifo has dropped.
  std::uint64_t lesser_answers() const noexcept { return lesser_answers_; }

  /// A write begins: from now on a crash may leave it, as a whole.
  void Issue(std::vector<HistoryRow> rows, WalMode mode, std::size_t encoded_bytes);
  /// The write issued last was acknowledged.
  void Acknowledge();
  /// The write issued last was refused before anything of it was done.
  void Refuse();
  /// An ingest of these rows, of one keyspace, begins.
  void IssueIngest(std::vector<HistoryRow> rows);
  /// It answered: its rows are there and durable.
  void AcknowledgeIngest(SequenceNumber sequence);
  /// It was refused, and `visible` is the newest sequence now: beyond issued() if it has used a
  /// number up. With `undecided` the next open may find its rows, or that number, all the same.
  void RefuseIngest(SequenceNumber visible, bool undecided);

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

  /// A keyspace is about to be made; answers its number. No other that is there has its name.
  std::size_t Making(std::string name, const DatabaseConfig& config);
  void Made(std::size_t keyspace, std::uint32_t id);
  void Dropping(std::size_t keyspace) { keyspaces_[keyspace].presence = Presence::kEither; }
  void Dropped(std::size_t keyspace) { keyspaces_[keyspace].presence = Presence::kGone; }
  /// An open has decided what is there; the decision is durable.
  void Settle(const Engine& engine);
  /// The numbers of keyspaces that are certainly there, the default one first.
  std::vector<std::size_t> KeyspacesThere() const;
  /// Whether a keyspace of this name is, or may be, there.
  bool MayHave(std::string_view name) const;
  /// Of all that ever were: the next one's number.
  std::size_t keyspace_count() const noexcept { return keyspaces_.size(); }
  const std::string& NameOf(std::size_t keyspace) const { return keyspaces_[keyspace].name; }
  std::uint32_t IdOf(std::size_t keyspace) const { return keyspaces_[keyspace].id; }

  /// The history of a database whose recovery has passed over damage, which `losses` of its report
  /// name: what they say is lost may be missing, and nothing else. kInternal if they name a part of
  /// a write, or what may not be lost.
  Result<History> Without(const std::vector<std::string>& losses) const;
  /// From now on somebody else writes tables, about which `moment` says nothing.
  void AllowFurtherTables() { further_table_bytes_ = std::uint64_t{512} << 20; }

  /// What is wrong with a database that has recovered up to `last`, or empty.
  std::string Check(const Engine& engine, SequenceNumber last, SequenceNumber least) const;

 private:
  enum class Presence : std::uint8_t { kThere, kGone, kEither };
  struct KnownKeyspace {
    std::string name;
    std::uint32_t id;  // 0: of the default one, or not told yet
    Presence presence;
    DatabaseConfig config;
    testing::EntryModel entries;
  };
  struct Write {
    SequenceNumber first;
    SequenceNumber last;
    WalMode mode;
    std::size_t encoded_bytes;
  };

  struct Ingest {
    std::vector<HistoryRow> rows;
    SequenceNumber sequence = 0;  // 0: not told
    DropMoment begun;
  };

  std::string CheckKeyspaces(const Engine& engine, SequenceNumber last, bool with_ingest) const;
  std::string CheckRows(const Engine& engine, const KnownKeyspace& keyspace, const Keyspace& handle,
                        SequenceNumber last) const;
  std::string CheckDoubtfulRows(const Engine& engine, const KnownKeyspace& keyspace,
                                const Keyspace& handle, SequenceNumber last,
                                const testing::EntryModel::Doubts& doubts) const;
  SequenceNumber Droppable(const Engine& engine, const KnownKeyspace& keyspace) const;
  bool MayHoldIngest(SequenceNumber last) const;
  KnownKeyspace WithIngest(const KnownKeyspace& keyspace, SequenceNumber last) const;
  void SettleIngest(const Engine& engine);
  void DropLast();

  const DatabaseConfig config_;
  const std::function<DropMoment()> moment_;
  DropBound drops_;
  std::uint64_t further_table_bytes_ = 0;
  std::vector<std::pair<SequenceNumber, SequenceNumber>> lost_;  // of the log, to a salvage
  std::vector<KnownKeyspace> keyspaces_;
  std::vector<Write> writes_;     // not yet lost, oldest first
  std::optional<Ingest> ingest_;  // under way, or refused and undecided
  SequenceNumber issued_ = 0;
  SequenceNumber acknowledged_ = 0;
  SequenceNumber floor_ = 0;
  SequenceNumber found_least_ = 0;
  std::uint64_t batch_count_ = 0;
  KindCounts kind_counts_;
  mutable std::uint64_t lesser_answers_ = 0;  // a figure, no part of the state
};

}  // namespace quiver::torture
