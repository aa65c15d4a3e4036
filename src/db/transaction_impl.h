// Transaction::Impl: an optimistic transaction: a snapshot, the writes so far, and, if it is
// serializable, a note of what was read.
//
// Nothing is shared with other transactions until Commit, which hands the writes to the write path
// as one batch with a footprint; the leader of the group that it falls into validates it
// (conflict_check.h).
//
// Invariants:
//  1. order_ holds the writes in order; its views live in keyspaces_.
//  2. Once it is over, it holds no snapshot and no writes.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/batch_codec.h"
#include "db/engine.h"
#include "db/transaction_writes.h"
#include "quiver/transaction.h"

namespace quiver {

class Transaction::Impl {
 public:
  static Result<Transaction> Begin(std::shared_ptr<Engine> engine,
                                   const TransactionOptions& options);
  Impl(std::shared_ptr<Engine> engine, Isolation isolation, Snapshot snapshot, std::uint64_t now_us)
      : engine_(std::move(engine)),
        isolation_(isolation),
        now_us_(now_us),
        snapshot_sequence_(snapshot.sequence()),
        snapshot_(std::move(snapshot)) {}

  /// `entry` without its keyspace, which `named` is.
  Result<void> Write(BatchEntry entry, const Keyspace* named);
  Result<std::optional<std::string>> Get(std::string_view key, const Keyspace* named);
  Result<Iterator> NewIterator(IteratorOptions options);
  Result<SequenceNumber> Commit(const WriteOptions& options);
  void End();
  bool active() const noexcept { return snapshot_.has_value(); }
  SequenceNumber snapshot_sequence() const noexcept { return snapshot_sequence_; }

 private:
  struct InKeyspace {
    KeyspaceState* keyspace;
    std::shared_ptr<TransactionWrites> writes;  // nullptr: none
    std::unordered_set<std::string> keys_read;
    std::vector<std::shared_ptr<const ReadRanges>> ranges_read;
  };
  Result<void> CheckActive() const;
  InKeyspace& In(KeyspaceState& keyspace);
  Result<std::optional<std::string>> GetFromSnapshot(std::string_view key, InKeyspace& in,
                                                     const Keyspace* named);
  TransactionFootprint Footprint() const;

  const std::shared_ptr<Engine> engine_;
  const Isolation isolation_;
  const std::uint64_t now_us_;  // when the snapshot was taken: what expires then is gone
  const SequenceNumber snapshot_sequence_;
  std::optional<Snapshot> snapshot_;
  std::vector<InKeyspace> keyspaces_;
  std::vector<BatchEntry> order_;
  std::size_t encoded_bytes_ = 0;  // of order_
};

}  // namespace quiver
