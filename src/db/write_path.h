// WritePath: what happens to a group of writes: make room, number, log, insert, publish.
//
//   0. A transaction that conflicts is refused (conflict_check.h) and leaves no trace.
//   1. A full memtable is sealed and the log rotated, if a place for another memtable is free. A
//      keyspace that was idle gets a memtable.
//   2. The batches get consecutive sequence numbers and go to the log in one write, durably if one
//      of them asks for it.
//   3. Their entries go into the active memtables of their keyspaces.
//   4. The last sequence number is published; the group is acknowledged.
//
// So a write that a reader can see is as durable as its mode promises, and an entry that is not
// published was not acknowledged.
//
// Invariants:
//  1. One group at a time (the queue sees to it): the log, the memtable and the numbers need no
//     lock here.
//  2. A number is used once: a batch that the log refused with kNoSpace left no trace, and any
//     other refusal ends writing for good.
//
// Thread safety: Submit and Rotate from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "db/conflict_check.h"
#include "db/health.h"
#include "db/keyspaces.h"
#include "db/write_queue.h"
#include "db/write_stall.h"
#include "io/executor.h"
#include "quiver/config.h"
#include "version/version_set.h"
#include "wal/wal_manager.h"

namespace quiver {

/// Takes one sequence number in the order of all writes for something that is written elsewhere.
struct WriteAdvance {
  /// The number: ahead of those in use, so that it could be written down while writes went on.
  SequenceNumber sequence = 0;
  KeyspaceState* keyspace = nullptr;  ///< that it is about; waits for room as a write to it does
  /// Whether no memtable is in the way.
  std::function<bool()> is_ready;
  /// Seal the keyspace's memtables and wait for their flush, with all writers waiting, if not.
  bool insist = false;
  std::function<Result<void>()> wait_for_flush;
  /// Makes it durable and visible. The number is used up whatever the answer.
  std::function<Result<void>()> commit;
};
enum class AdvanceOutcome : std::uint8_t {
  kDone,
  kNotReady,   ///< a memtable is in the way; nothing was done
  kOvertaken,  ///< the number is in use already; nothing was done
};

class WritePath {
 public:
  struct Parts {
    const DatabaseConfig* config;
    std::shared_ptr<EngineCore> core;
    io::Clock* clock;
    io::Executor* executor;
    Keyspaces* keyspaces;
    ChangeSignal* changed;
    VersionSet* versions;
    wal::WalManager* wal;
    Health* health;
    std::atomic<SequenceNumber>* visible_sequence;
    const std::atomic<bool>* closed;
    std::function<void()> schedule_flush;
    TableCache* tables;  ///< where transactions are validated
  };
  explicit WritePath(Parts parts);
  WritePath(const WritePath&) = delete;
  WritePath& operator=(const WritePath&) = delete;

  /// One encoded batch and the keyspaces that its entries name.
  struct Batch {
    std::string_view encoded;
    std::uint32_t entry_count = 0;
    std::span<KeyspaceState* const> keyspaces;
    const TransactionFootprint* footprint = nullptr;  ///< of a transaction
    WalMode mode = WalMode::kSync;
    bool fail_if_stalled = false;
  };
  /// Logs and applies a batch. Returns the sequence of its last entry.
  Result<SequenceNumber> Submit(const Batch& batch);
  /// Between two groups: logs durably that the numbers up to advance.sequence are passed over, and
  /// commits.
  Result<AdvanceOutcome> Advance(const WriteAdvance& advance);
  /// Seals the active memtables of all keyspaces. `at_barrier` is called when every write submitted
  /// before is in sealed memtables or tables, and no later one has begun; it must be quick.
  Result<void> Rotate(const std::function<void()>& at_barrier = {});
  /// Waits until every write submitted before has been handled; then, before any later one is,
  /// `at_barrier` is called, which must be quick.
  void Drain(const std::function<void()>& at_barrier = {});
  const char* stall_reason() const noexcept { return stall_.reason(); }

 private:
  using Group = std::span<WriteRequest* const>;
  using Targets = std::span<KeyspaceState* const>;
  void HandleGroup(Group group);
  Result<AdvanceOutcome> HandleAdvance(const WriteAdvance& advance, Group group);
  void HandleBarrier(WriteRequest& barrier, Group group);
  bool CollectTargets(Group& group);
  bool EndDropped(Group& group);
  bool EndConflicting(Group& group);
  // Both may end those of the group that do not want to wait, and so make it smaller.
  Result<void> MakeRoom(Group& group);
  Result<void> WaitForRoom(Group& group, Targets targets);
  bool EndUnwilling(Group& group, StallReason reason);
  Result<void> SealFullMemtables(Group& group);
  Result<void> SealMemtables(Targets targets);
  std::uint64_t MemtablesBytesMax() const;
  bool MustCheckMemory(std::uint64_t group_bytes);
  bool IsMemoryFull() const;
  std::vector<KeyspaceState*> ChooseForMemory() const;
  void ChooseForLog(std::vector<KeyspaceState*>& chosen) const;
  void EnsureActive(KeyspaceState& keyspace);
  Result<void> AppendToLog(Group group);
  void InsertIntoMemtables(const WriteRequest& request, SequenceNumber first_sequence);
  void SyncSoon();
  void SyncWithinInterval();
  void SyncNow();

  const Parts parts_;
  WriteStall stall_;
  std::vector<KeyspaceState*> targets_;  // of the group under way, each once
  bool has_transactions_ = false;        // the group under way
  ConflictCheck conflicts_;
  std::uint64_t group_number_ = 0;
  std::uint64_t bytes_since_memory_check_ = 0;
  std::vector<wal::FrameInput> frames_;
  std::atomic<bool> sync_scheduled_{false};
  std::atomic<bool> interval_armed_{false};
  WriteQueue queue_;
};

}  // namespace quiver
