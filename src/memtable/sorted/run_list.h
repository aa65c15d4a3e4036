// RunList: everything a sorted memtable holds at one moment, published to readers as one pointer.
//
// Invariants:
//  1. `runs` never change; from the largest to the smallest, each at least kRunRatio times the
//  next.
//  2. `tail` only grows at its end and `stragglers` only gains records; neither ever loses one
//     while it is in this list. So a reader of this list sees at least what was added before it
//     loaded the pointer.
//  3. The records of `stragglers` are read under its sequence lock.
//
// Thread safety: one writer of tail and stragglers beside any number of readers.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "memtable/locked_records.h"
#include "memtable/memory_account.h"
#include "memtable/sorted_records.h"

namespace quiver {

/// The records that arrived out of order, until they are enough to make a run.
struct Stragglers {
  static constexpr std::size_t kRecordsMax = 64;
  using Copy = std::array<PrefixedRecord, kRecordsMax>;

  Stragglers(std::string_view common_prefix, const MemoryAccount& account) noexcept
      : common(common_prefix), charge(account, sizeof(Stragglers)) {}

  /// The newest visible version of `key`, or null.
  const EntryRecord* FindVisible(const LookupKey& key) const noexcept;
  /// Copies all records to `copy`, at one moment, and returns them as a run.
  SortedRun CopyTo(Copy& copy) const noexcept;
  /// Writer only; not when full.
  void Insert(const PrefixedRecord& item) noexcept;
  bool full() const noexcept { return records.size() == kRecordsMax; }

  const std::string_view common;  ///< what all keys here begin with
  OptimisticLock lock;
  LockedRecords<kRecordsMax> records;
  SequenceNumber max_sequence = 0;  ///< the writer's
  const MemoryCharge charge;
};

/// Four, so that lookups search half as many runs as with two, at about the same cost of merging:
/// twice the work a level, half the levels.
inline constexpr std::size_t kRunRatio = 4;

struct RunList : std::enable_shared_from_this<RunList> {
  using Runs = std::vector<std::shared_ptr<const SortedRecords>>;

  RunList(Runs sorted_runs, std::shared_ptr<SortedRecords> append_tail,
          std::shared_ptr<Stragglers> out_of_order, const MemoryAccount& account)
      : runs(std::move(sorted_runs)),
        tail(std::move(append_tail)),
        stragglers(std::move(out_of_order)),
        charge(account, sizeof(RunList) + runs.capacity() * sizeof(Runs::value_type)) {}

  const Runs runs;
  const std::shared_ptr<SortedRecords> tail;
  const std::shared_ptr<Stragglers> stragglers;
  const MemoryCharge charge;
};

/// Adds `run`, unless it is empty, and merges the smallest two until invariant 1 holds again: the
/// carry of the logarithmic method. A record is merged O(log n) times in its life.
void AddRun(RunList::Runs& runs, std::shared_ptr<const SortedRecords> run,
            const MemoryAccount& account);
/// Merges all runs into one: O(n), because each merge takes the two smallest.
void MergeAll(RunList::Runs& runs, const MemoryAccount& account);

}  // namespace quiver
