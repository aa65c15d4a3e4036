// Oracle: what an engine was told and what it acknowledged, kept outside of it, and the judgement
// of what it holds after a crash.
//
// Rules (docs/guarantees.md; P1 to P6 of the test plan):
//  1. A write that the contract calls kept is there (P1).
//  2. What is lost is a suffix: nothing that was acknowledged before a kept write began (for
//     Quiver: nothing with a lower sequence number) is missing (P2).
//  3. A batch is there as a whole or not at all (P3).
//  4. Nothing is there that was never written, and nothing that a later kept batch replaced (P4).
//  5. What an open once showed stays (P5, P6): Adopt() makes it the new floor.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engines/workload.h"

namespace quiver::torture {

/// One acknowledged batch. Times are of CLOCK_MONOTONIC, taken by the writer around the call.
struct Acknowledgement {
  std::uint32_t writer = 0;
  std::uint64_t number = 0;
  std::uint64_t begin_ns = 0;
  std::uint64_t end_ns = 0;
  std::uint64_t sequence = 0;  ///< 0: the engine does not tell
  bool durable = false;        ///< acknowledged as synced
};

/// What may be missing of the acknowledged writes.
struct Contract {
  bool may_lose = false;  ///< false: nothing (a killed process; mode sync)
  std::uint64_t lost_bytes_max = ~std::uint64_t{0};  ///< of keys and values, in mode batch
};

struct Verdict {
  std::vector<std::string> faults;       ///< broken rules, one sentence each
  std::vector<std::uint64_t> recovered;  ///< newest batch of each writer
  std::uint64_t lost_writes = 0;         ///< acknowledged and missing
  std::uint64_t lost_bytes = 0;
  std::uint64_t wrong_rows = 0;  ///< rows that break rule 3 or 4
};

using Rows = std::map<std::string, std::string, std::less<>>;

class Oracle {
 public:
  explicit Oracle(const Workload& workload)
      : workload_(workload), floor_(workload.writers, 0), newest_(workload.writers, 0) {}

  const Workload& workload() const noexcept { return workload_; }
  void Acknowledged(const Acknowledgement& acknowledgement);
  /// A write whose acknowledgement came too late to count: it may be there or not.
  void Begun(const Acknowledgement& late);
  /// Judges the rows found after a crash.
  Verdict Check(const Rows& rows, const Contract& contract) const;
  /// What `verdict` found is from now on the state.
  void Adopt(const Verdict& verdict);
  /// The newest batch of each writer that is known to be there.
  const std::vector<std::uint64_t>& floor() const noexcept { return floor_; }
  /// The newest acknowledged batch of each writer.
  const std::vector<std::uint64_t>& newest() const noexcept { return newest_; }
  std::uint64_t acknowledged_count() const noexcept { return acknowledged_.size(); }

 private:
  std::vector<std::uint64_t> FindRecovered(const Rows& rows, Verdict& verdict) const;
  void CheckRows(const Rows& rows, Verdict& verdict) const;
  void CheckRange(Verdict& verdict) const;
  void CheckLosses(const Contract& contract, Verdict& verdict) const;

  const Workload workload_;
  std::vector<std::uint64_t> floor_;
  std::vector<std::uint64_t> newest_;
  std::vector<Acknowledgement> acknowledged_;  ///< since the last Adopt
};

}  // namespace quiver::torture
