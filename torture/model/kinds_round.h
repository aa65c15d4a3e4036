// KindsRound: a stream of random operations with all kinds of entries (puts, deletes, range
// deletes, merges, with and without an expiry) on keyspaces that come and go while time passes, on
// one option set; each answer is compared with testing::EntryModel.
//
// Unlike Round's its answers are not the same under all option sets: where a write waits for a
// flush the clock moves, and what expires then depends on the options. The model is asked for the
// moment of each answer.
//
// Thread safety: one thread at a time.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/round.h"
#include "testing/entry_model.h"

namespace quiver::torture {

class KindsRound {
 public:
  KindsRound(std::uint64_t seed, const RoundPlan& plan);

  /// Runs to its end, or until `may_go_on` says no. An error describes the first difference.
  Result<void> Run(const std::function<bool()>& may_go_on);
  const RoundTally& tally() const noexcept { return tally_; }
  std::uint64_t keyspaces_made() const noexcept { return keyspaces_made_; }
  std::uint64_t range_deletes() const noexcept { return range_deletes_; }
  std::uint64_t merges() const noexcept { return merges_; }
  std::uint64_t expiring_entries() const noexcept { return expiring_entries_; }

 private:
  using EntryModel = testing::EntryModel;
  static constexpr std::size_t kKeyspaceCount = 4;
  struct KnownKeyspace {
    std::optional<EntryModel> model;  // none: it does not exist
    SequenceNumber made_after = 0;    // older snapshots are not asked about it
  };
  struct HeldSnapshot {
    Snapshot snapshot;
    SequenceNumber sequence;
    std::uint64_t now_us;
  };
  /// What is asked: a keyspace at a moment.
  struct State {
    std::size_t keyspace;
    const Snapshot* snapshot;
    SequenceNumber sequence;
    std::uint64_t now_us;
  };
  struct Row {
    std::size_t keyspace = 0;
    Operation operation = Operation::kPut;
    std::string key;
    std::string value;
    std::uint64_t expiry_us = 0;
    BatchEntry Entry(std::uint32_t id) const;
  };

  DatabaseConfig Config() const;
  Result<void> Step();
  Result<void> Maintain();
  Result<void> ChangeKeyspaces();
  Row DrawRow();
  Result<void> Write(std::size_t count);
  Result<void> Compact();
  Result<void> Reopen();
  std::size_t AnyKeyspace();
  const std::string& AnyKey();
  Result<Keyspace> Handle(std::size_t keyspace);

  State AnyState();
  const EntryModel& ModelOf(const State& state) const { return *keyspaces_[state.keyspace].model; }
  Result<void> Get();
  Result<void> MultiGet();
  Result<void> Walk();
  Result<void> Scan(const State& state, bool thorough);
  Result<void> CheckAll();
  Error Difference(const State& state, const char* what, std::string_view key) const;

  const RoundPlan plan_;
  Random random_;
  const Rows rows_;
  Subject subject_;
  std::array<KnownKeyspace, kKeyspaceCount> keyspaces_;
  std::deque<HeldSnapshot> snapshots_;
  SequenceNumber last_ = 0;
  std::uint64_t reopens_ = 0;
  std::uint64_t keyspaces_made_ = 0;
  std::uint64_t range_deletes_ = 0;
  std::uint64_t merges_ = 0;
  std::uint64_t expiring_entries_ = 0;
  RoundTally tally_;
};

}  // namespace quiver::torture
