// Round: one stream of random operations on one option set, each answer compared with the model.
//
// The stream depends on the seed and the number of the round alone, so that every option set gets
// the same operations and must give the same answers; a digest of the answers, taken from the
// engine's bytes, proves it a second time.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/rows.h"
#include "model/subject.h"
#include "model/version_model.h"
#include "testing/model.h"

namespace quiver::torture {

/// What to repeat: a round on an option set, as far as an operation.
struct RoundPlan {
  bool kinds = false;  ///< a KindsRound
  std::uint64_t round = 0;
  std::uint64_t option_set = 0;
  std::optional<std::uint64_t> operations;

  static std::optional<RoundPlan> Parse(std::string_view text);
  std::string ToString() const;
};

/// What a round did.
struct RoundTally {
  std::uint64_t operations = 0;  ///< a batch, a multi-get or a walk counts once
  std::uint64_t comparisons = 0;
  std::uint64_t entries_written = 0;
  std::uint64_t scans = 0;
  std::uint64_t relations = 0;  ///< checks of one answer of the engine against another
  std::uint64_t model_checks = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t snapshots_live_max = 0;
  std::uint64_t flushes = 0;
  std::uint64_t compactions = 0;
  std::uint64_t reopens = 0;
  std::uint64_t idle_merges = 0;        ///< that nothing but a pause asked for
  std::uint64_t versions_max = 0;       ///< of one key since the oldest live snapshot
  std::uint64_t versions_kept_max = 0;  ///< of one key that differ and that live snapshots see
};

class Round {
 public:
  Round(std::uint64_t seed, const RoundPlan& plan);

  /// Runs to its end, or until `may_go_on` says no. An error describes the first difference.
  Result<void> Run(const std::function<bool()>& may_go_on);

  /// True once the whole stream has run.
  bool complete() const noexcept { return complete_; }
  std::uint64_t digest() const noexcept { return digest_; }
  const RoundTally& tally() const noexcept { return tally_; }

 private:
  using Time = VersionModel::Time;
  struct State {  // the present, or a snapshot
    const Snapshot* snapshot;
    Time time;
  };
  struct HeldSnapshot {
    Snapshot snapshot;
    Time time;
    std::optional<std::uint64_t> scan_digest;  // when it was taken
    std::optional<testing::Model> shadow;
  };
  struct Range {
    std::uint32_t begin;
    std::uint32_t end;
  };
  struct HeldIterator {
    Iterator iterator;
    Range range;
    Time time;
    std::uint32_t at = VersionModel::kNowhere;
  };
  struct HeldValue {
    PinnedValue value;
    Stamp stamp;
  };

  // round.cc: the stream, and what changes the database
  Result<void> Step();
  Result<void> Maintain();
  Result<void> Write(std::size_t entry_count);
  void SetRow(std::uint32_t rank, Stamp stamp);
  Result<void> TakeSnapshot();
  Result<void> DropSnapshot();
  Result<void> KeepAnswers(const std::function<Result<void>()>& call);
  Result<void> Compact();
  Result<void> Reopen();
  Result<void> CheckClosedHandles();
  std::uint32_t AnyRank();
  std::uint32_t RankToWrite();
  DatabaseConfig Config() const;

  // round_reads.cc: what asks it
  State AnyState();
  std::string AnyTarget();
  Range AnyRange(IteratorOptions& options);
  Result<void> Get();
  Result<void> MultiGet();
  Result<void> CheckHeldValues();
  Result<void> Walk();
  Result<void> HoldIterator();
  Result<void> MoveHeldIterator();
  Result<void> Move(HeldIterator& held);
  Result<void> Stretch(HeldIterator& held, bool forward);
  Result<void> CheckPosition(const HeldIterator& held);
  Result<void> CheckValue(std::string_view key, Stamp expected,
                          const std::optional<std::string_view>& found);
  /// Scans forward; with `thorough` also backward, and asks for each key singly.
  Result<std::uint64_t> Scan(const State& state, bool thorough);
  Result<void> CheckShadow(const testing::Model& shadow, Time time);
  void Digest(std::string_view bytes);

  const RoundPlan plan_;
  Random random_;        // the stream; never asked for anything that depends on the option set
  const bool hot_;       // few keys take most writes, and snapshots stand between their versions
  const bool migrates_;  // each reopening goes on to another option set
  const Rows rows_;
  Subject subject_;
  VersionModel model_;
  std::optional<testing::Model> shadow_;
  std::deque<HeldSnapshot> snapshots_;
  std::deque<HeldIterator> iterators_;
  std::deque<HeldValue> values_;
  Stamp next_stamp_ = 1;
  SequenceNumber issued_ = 0;
  std::uint64_t reopens_ = 0;
  std::uint64_t digest_ = 0;
  bool complete_ = false;
  RoundTally tally_;
  std::string encoded_;
  std::string value_;
};

}  // namespace quiver::torture
