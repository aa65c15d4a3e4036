#include "engines/oracle.h"

#include <algorithm>
#include <utility>

namespace quiver::torture {

namespace {

constexpr std::size_t kFaultsMax = 8;  // enough to understand one case

void AddFault(Verdict& verdict, std::string fault) {
  if (verdict.faults.size() < kFaultsMax) verdict.faults.push_back(std::move(fault));
}

std::string Name(std::uint32_t writer, std::uint64_t number) {
  return "writer " + std::to_string(writer) + " batch " + std::to_string(number);
}

// True if `first` certainly comes before `second` in the engine's one order of writes.
bool Before(const Acknowledgement& first, const Acknowledgement& second) {
  if (first.sequence != 0 && second.sequence != 0) return first.sequence < second.sequence;
  return first.end_ns < second.begin_ns;
}

}  // namespace

void Oracle::Acknowledged(const Acknowledgement& acknowledgement) {
  acknowledged_.push_back(acknowledgement);
  std::uint64_t& newest = newest_[acknowledgement.writer];
  newest = std::max(newest, acknowledgement.number);
}

void Oracle::Begun(const Acknowledgement& late) {
  std::uint64_t& newest = newest_[late.writer];
  newest = std::max(newest, late.number);
}

std::vector<std::uint64_t> Oracle::FindRecovered(const Rows& rows, Verdict& verdict) const {
  std::vector<std::uint64_t> recovered(workload_.writers, 0);
  for (const auto& [key, value] : rows) {
    const auto claim = Workload::ParseClaim(value);
    if (!claim || claim->writer >= workload_.writers || claim->seed != workload_.seed) {
      ++verdict.wrong_rows;
      AddFault(verdict, "key " + key + " holds a value that nobody wrote");
      continue;
    }
    recovered[claim->writer] = std::max(recovered[claim->writer], claim->number);
  }
  return recovered;
}

// Rules 3 and 4: every slot holds exactly what the recovered batch number says.
void Oracle::CheckRows(const Rows& rows, Verdict& verdict) const {
  std::size_t expected_rows = 0;
  for (std::uint32_t writer = 0; writer < workload_.writers; ++writer) {
    const std::uint64_t number = verdict.recovered[writer];
    for (std::uint32_t slot = 0; slot < workload_.slots; ++slot) {
      const auto expected = workload_.Expected(writer, slot, number);
      const auto found = rows.find(workload_.Key(writer, slot));
      expected_rows += expected ? 1 : 0;
      if (found == rows.end() ? !expected : expected && found->second == *expected) continue;
      ++verdict.wrong_rows;
      const auto claim = found == rows.end() ? std::nullopt : Workload::ParseClaim(found->second);
      AddFault(verdict, Name(writer, number) + " is the newest there, but slot " +
                            std::to_string(slot) + " holds " +
                            (found == rows.end() ? "nothing"
                             : claim             ? "batch " + std::to_string(claim->number)
                                                 : "foreign bytes") +
                            (expected ? "" : " instead of a delete"));
    }
  }
  if (rows.size() > expected_rows && verdict.wrong_rows == 0) {
    ++verdict.wrong_rows;
    AddFault(verdict, "there are " + std::to_string(rows.size()) + " rows instead of " +
                          std::to_string(expected_rows));
  }
}

// Nothing older than what an open once showed, nothing newer than the write in flight.
void Oracle::CheckRange(Verdict& verdict) const {
  for (std::uint32_t writer = 0; writer < workload_.writers; ++writer) {
    const std::uint64_t recovered = verdict.recovered[writer];
    if (recovered < floor_[writer]) {
      AddFault(verdict, Name(writer, floor_[writer]) +
                            " was found by an earlier open, and now only batch " +
                            std::to_string(recovered));
      verdict.lost_writes += floor_[writer] - recovered;
    }
    if (recovered > std::max(newest_[writer], floor_[writer]) + 1) {
      AddFault(verdict, Name(writer, recovered) + " is there, but was never begun");
      ++verdict.wrong_rows;
    }
  }
}

void Oracle::CheckLosses(const Contract& contract, Verdict& verdict) const {
  const auto kept = [&](const Acknowledgement& write) {
    return write.number <= verdict.recovered[write.writer];
  };
  std::vector<const Acknowledgement*> lost;
  for (const Acknowledgement& write : acknowledged_) {
    if (kept(write)) continue;
    lost.push_back(&write);
    verdict.lost_bytes += workload_.BatchBytes(write.writer, write.number);
    if (!contract.may_lose || write.durable) {
      AddFault(verdict, Name(write.writer, write.number) + " was acknowledged and is lost");
    }
  }
  verdict.lost_writes += lost.size();
  if (lost.empty()) return;
  if (verdict.lost_bytes > contract.lost_bytes_max) {
    AddFault(verdict, std::to_string(verdict.lost_bytes) + " bytes are lost, the mode allows " +
                          std::to_string(contract.lost_bytes_max));
  }
  const auto first = *std::min_element(lost.begin(), lost.end(), [](const auto* a, const auto* b) {
    return std::pair(a->sequence, a->end_ns) < std::pair(b->sequence, b->end_ns);
  });
  for (const Acknowledgement& write : acknowledged_) {
    if (!Before(*first, write) || (!kept(write) && !write.durable)) continue;
    AddFault(verdict, "a hole: " + Name(first->writer, first->number) + " is lost, but " +
                          Name(write.writer, write.number) + " came later and is " +
                          (kept(write) ? "kept" : "durable"));
  }
}

Verdict Oracle::Check(const Rows& rows, const Contract& contract) const {
  Verdict verdict;
  verdict.recovered = FindRecovered(rows, verdict);
  CheckRows(rows, verdict);
  CheckRange(verdict);
  CheckLosses(contract, verdict);
  return verdict;
}

void Oracle::Adopt(const Verdict& verdict) {
  floor_ = verdict.recovered;
  newest_ = verdict.recovered;
  acknowledged_.clear();
}

}  // namespace quiver::torture
