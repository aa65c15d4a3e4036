// Transaction: reads and writes that happen at one moment, or not at all.
//
//   auto transaction = db->BeginTransaction();
//   auto balance = transaction->Get("alice");
//   transaction->Put("alice", Less(*balance));
//   const auto committed = transaction->Commit();      // kConflict: begin it again
//
// It reads the state of when it began, plus its own writes; nobody sees those before Commit(), and
// no lock is held meanwhile. Commit() fails with kConflict, and writes nothing, if somebody else
// came first (docs/transactions.md):
//   kSnapshot      something that it wrote was written since it began. Two transactions that each
//                  read what the other writes may both commit (write skew).
//   kSerializable  the same, or something that it read: keys, absent ones too, and the ranges that
//                  its iterators passed over. Those that commit could have run one after another,
//                  in the order of their sequence numbers.
//
// While it lives it holds a snapshot, and its writes and, with kSerializable, the keys that it read
// are in memory. It may outlive its database, and then answers kClosed.
//
// Thread safety: one thread at a time, its iterators included.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "quiver/error.h"
#include "quiver/iterator.h"
#include "quiver/keyspace.h"
#include "quiver/types.h"
#include "quiver/write_batch.h"

namespace quiver {

struct WriteOptions;  // quiver/database.h

enum class Isolation : std::uint8_t { kSnapshot, kSerializable };

struct TransactionOptions {
  Isolation isolation = Isolation::kSnapshot;
};

class Transaction {
 public:
  class Impl;
  explicit Transaction(std::unique_ptr<Impl> impl) noexcept;
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  /// Rolls back what was not committed.
  ~Transaction();

  // The writes: errors as those of Database, at once, and then nothing was added. kInvalidArgument
  // also once the transaction is over.
  Result<void> Put(std::string_view key, std::string_view value,
                   const EntryOptions& options = {}) noexcept;
  Result<void> Delete(std::string_view key, const EntryOptions& options = {}) noexcept;
  Result<void> Merge(std::string_view key, std::string_view operand,
                     const EntryOptions& options = {}) noexcept;
  /// Deletes all keys in [begin, end); a write by others to any of them, absent or not, conflicts.
  Result<void> DeleteRange(std::string_view begin, std::string_view end,
                           const EntryOptions& options = {}) noexcept;

  /// The value as this transaction sees it, or nullopt.
  Result<std::optional<std::string>> Get(std::string_view key,
                                         const Keyspace* keyspace = nullptr) noexcept;
  /// The same for many keys in order: with the writes made before this call. It stays valid when
  /// the transaction ends. options.snapshot must be null.
  Result<Iterator> NewIterator(const IteratorOptions& options = {}) noexcept;

  /// Makes the writes visible and durable as one batch; returns the sequence number of the last, or
  /// of the snapshot if there are none. `options` as for Database::Write. kConflict, with the key,
  /// ends the transaction; after other errors that pass (kBusy, kNoSpace) it may be called again.
  /// A transaction that wrote nothing always commits: it saw one state.
  Result<SequenceNumber> Commit(const WriteOptions& options) noexcept;
  Result<SequenceNumber> Commit() noexcept;
  /// Forgets the writes and releases the snapshot; the transaction is over.
  void Rollback() noexcept;

  /// The state that it reads.
  SequenceNumber snapshot_sequence() const noexcept;
  /// Until Commit() succeeded or conflicted, or Rollback().
  bool active() const noexcept;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace quiver
