#include <algorithm>
#include <utility>

#include "base/try.h"
#include "db/entry_check.h"
#include "db/merge_lookup.h"
#include "db/transaction_impl.h"

namespace quiver {

namespace {

Error OverError() {
  return {ErrorCode::kInvalidArgument,
          "the transaction is over: it was committed, rolled back, refused or moved from; begin "
          "another one"};
}

Result<void> CheckNoExpiry(const EntryOptions& options) {
  if (options.expiry_us == 0) return {};
  return Error(ErrorCode::kInvalidArgument, "a delete cannot expire: expiry_us must be 0");
}

/// The same keys in fewer ranges.
std::vector<ReadRange> Coalesce(std::vector<ReadRange> ranges) {
  std::erase_if(ranges,
                [](const ReadRange& range) { return range.end && *range.end <= range.begin; });
  std::ranges::sort(ranges, {}, &ReadRange::begin);
  std::vector<ReadRange> merged;
  for (ReadRange& range : ranges) {
    if (merged.empty() || (merged.back().end && *merged.back().end < range.begin)) {
      merged.push_back(std::move(range));
    } else if (merged.back().end && (!range.end || *merged.back().end < *range.end)) {
      merged.back().end = std::move(range.end);
    }
  }
  return merged;
}

}  // namespace

Result<Transaction> Transaction::Impl::Begin(std::shared_ptr<Engine> engine,
                                             const TransactionOptions& options) {
  if (options.isolation > Isolation::kSerializable) {
    return Error(ErrorCode::kInvalidArgument,
                 "isolation " + std::to_string(static_cast<int>(options.isolation)) +
                     " is neither kSnapshot nor kSerializable");
  }
  QUIVER_ASSIGN_OR_RETURN(Snapshot snapshot, engine->NewSnapshot());
  QUIVER_ASSIGN_OR_RETURN(const auto at, engine->ReadPointOf(&snapshot));
  if (at.sequence >= kOwnSequenceFirst) {
    return Error(ErrorCode::kInvalidArgument,
                 "the sequence numbers of the database are nearly used up, and transactions need "
                 "some of their own; load its data into a new one");
  }
  return Transaction(std::make_unique<Impl>(std::move(engine), options.isolation,
                                            std::move(snapshot), at.wall_us));
}

Result<void> Transaction::Impl::CheckActive() const {
  if (!active()) return OverError();
  return engine_->CheckOpen();
}

Transaction::Impl::InKeyspace& Transaction::Impl::In(KeyspaceState& keyspace) {
  const auto found = std::ranges::find(keyspaces_, &keyspace, &InKeyspace::keyspace);
  if (found != keyspaces_.end()) return *found;
  return keyspaces_.emplace_back(InKeyspace{&keyspace, nullptr, {}, {}});
}

Result<void> Transaction::Impl::Write(BatchEntry entry, const Keyspace* named) {
  QUIVER_TRY(CheckActive());
  QUIVER_TRY(CheckKey(entry.key));
  if (entry.operation == Operation::kRangeDelete) {
    QUIVER_TRY(CheckKey(entry.value));
  } else {
    QUIVER_TRY(CheckValue(entry.value));
  }
  QUIVER_ASSIGN_OR_RETURN(KeyspaceState* const keyspace, engine_->Resolve(named));
  QUIVER_TRY(CheckEntry(*keyspace, entry));
  entry.keyspace = keyspace->id;
  const std::size_t bytes = encoded_bytes_ + EncodedEntryBytes(entry);
  if (bytes > kBatchBytesMax) {
    return Error(ErrorCode::kInvalidArgument, "the transaction with this write has " +
                                                  std::to_string(bytes) + " bytes, the most is " +
                                                  std::to_string(kBatchBytesMax));
  }
  InKeyspace& in = In(*keyspace);
  if (in.writes == nullptr) in.writes = std::make_shared<TransactionWrites>();
  const EntryView kept = in.writes->Add({entry.key, entry.value, kOwnSequenceFirst + order_.size(),
                                         entry.operation, entry.expiry_us});
  order_.push_back({keyspace->id, kept.operation, kept.key, kept.value, kept.expiry_us});
  encoded_bytes_ = bytes;
  return {};
}

Result<std::optional<std::string>> Transaction::Impl::Get(std::string_view key,
                                                          const Keyspace* named) {
  QUIVER_TRY(CheckActive());
  QUIVER_ASSIGN_OR_RETURN(KeyspaceState* const keyspace, engine_->Resolve(named));
  InKeyspace& in = In(*keyspace);
  TransactionWrites::Answer own;
  if (in.writes != nullptr) own = in.writes->Find(key, now_us_);
  std::optional<std::string> value;
  if (own.value) value.emplace(*own.value);
  if (!own.hides_older) {
    QUIVER_ASSIGN_OR_RETURN(value, GetFromSnapshot(key, in, named));
  }
  if (own.operands.empty()) return value;
  std::string result;
  QUIVER_TRY(ApplyOperands(keyspace->merge_operator, key, value, own.operands, result));
  return std::optional(std::move(result));
}

// The key counts as read before it is: whoever sees a value has it in the read set.
Result<std::optional<std::string>> Transaction::Impl::GetFromSnapshot(std::string_view key,
                                                                      InKeyspace& in,
                                                                      const Keyspace* named) {
  if (isolation_ == Isolation::kSerializable) in.keys_read.emplace(key);
  EngineMetrics& metrics = engine_->core().metrics;
  metrics.get.count.Add();
  const EpochGuard guard(engine_->core().epochs);
  TableAnswer found;
  QUIVER_ASSIGN_OR_RETURN(const bool hit,
                          engine_->Get(key, {.keyspace = named, .snapshot = &*snapshot_},
                                       /*want_pin=*/false, found));
  if (!hit) return std::optional<std::string>();
  metrics.get_found.Add();
  metrics.get.bytes.Add(key.size() + found.answer.value.size());
  return std::optional<std::string>(found.answer.value);
}

Result<Iterator> Transaction::Impl::NewIterator(IteratorOptions options) {
  QUIVER_TRY(CheckActive());
  if (options.snapshot != nullptr) {
    return Error(ErrorCode::kInvalidArgument,
                 "an iterator of a transaction reads the snapshot of the transaction: "
                 "options.snapshot must be null");
  }
  options.snapshot = &*snapshot_;
  QUIVER_ASSIGN_OR_RETURN(KeyspaceState* const keyspace, engine_->Resolve(options.keyspace));
  InKeyspace& in = In(*keyspace);
  OwnWrites own;
  if (in.writes != nullptr) {
    own = {.entries = in.writes->NewIterator(),
           .range_deletes = in.writes->range_deletes(),
           .last_sequence = kOwnSequenceFirst + order_.size() - 1,
           .reads = nullptr};
  }
  if (isolation_ == Isolation::kSerializable) {
    own.reads = std::make_shared<ReadRanges>();
    in.ranges_read.push_back(own.reads);
  }
  return engine_->NewIterator(options, std::move(own));
}

TransactionFootprint Transaction::Impl::Footprint() const {
  TransactionFootprint footprint{.snapshot_sequence = snapshot_sequence_, .reads = {}};
  for (const InKeyspace& in : keyspaces_) {
    std::vector<ReadRange> ranges;
    for (const auto& read : in.ranges_read) {
      ranges.insert(ranges.end(), read->ranges().begin(), read->ranges().end());
    }
    if (in.keys_read.empty() && ranges.empty()) continue;
    footprint.reads.push_back({in.keyspace, &in.keys_read, Coalesce(std::move(ranges))});
  }
  return footprint;
}

Result<SequenceNumber> Transaction::Impl::Commit(const WriteOptions& options) {
  QUIVER_TRY(CheckActive());
  if (order_.empty()) {
    End();
    return snapshot_sequence_;
  }
  std::string encoded;
  encoded.reserve(encoded_bytes_);
  for (const BatchEntry& entry : order_) AppendBatchEntry(encoded, entry);
  std::vector<KeyspaceState*> written;
  for (const InKeyspace& in : keyspaces_) {
    if (in.writes != nullptr) written.push_back(in.keyspace);
  }
  const TransactionFootprint footprint = Footprint();
  const auto committed = engine_->Write(encoded, static_cast<std::uint32_t>(order_.size()), written,
                                        options, &footprint);
  if (committed) {
    EngineMetrics::Operation& operation = engine_->core().metrics.write;
    operation.count.Add();
    operation.bytes.Add(encoded.size());
  }
  if (committed || committed.error().code() == ErrorCode::kConflict) End();
  return committed;
}

void Transaction::Impl::End() {
  snapshot_.reset();
  order_ = {};
  keyspaces_.clear();  // iterators that are still held keep what they show
}

// --- the public face

Transaction::Transaction(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

Result<void> Transaction::Put(std::string_view key, std::string_view value,
                              const EntryOptions& options) noexcept {
  if (impl_ == nullptr) return OverError();
  return impl_->Write(
      {.operation = Operation::kPut, .key = key, .value = value, .expiry_us = options.expiry_us},
      options.keyspace);
}

Result<void> Transaction::Delete(std::string_view key, const EntryOptions& options) noexcept {
  if (impl_ == nullptr) return OverError();
  QUIVER_TRY(CheckNoExpiry(options));
  return impl_->Write({.operation = Operation::kDelete, .key = key, .value = {}}, options.keyspace);
}

Result<void> Transaction::Merge(std::string_view key, std::string_view operand,
                                const EntryOptions& options) noexcept {
  if (impl_ == nullptr) return OverError();
  return impl_->Write({.operation = Operation::kMerge,
                       .key = key,
                       .value = operand,
                       .expiry_us = options.expiry_us},
                      options.keyspace);
}

Result<void> Transaction::DeleteRange(std::string_view begin, std::string_view end,
                                      const EntryOptions& options) noexcept {
  if (impl_ == nullptr) return OverError();
  QUIVER_TRY(CheckNoExpiry(options));
  return impl_->Write({.operation = Operation::kRangeDelete, .key = begin, .value = end},
                      options.keyspace);
}

Result<std::optional<std::string>> Transaction::Get(std::string_view key,
                                                    const Keyspace* keyspace) noexcept {
  if (impl_ == nullptr) return OverError();
  return impl_->Get(key, keyspace);
}

Result<Iterator> Transaction::NewIterator(const IteratorOptions& options) noexcept {
  if (impl_ == nullptr) return OverError();
  return impl_->NewIterator(options);
}

Result<SequenceNumber> Transaction::Commit(const WriteOptions& options) noexcept {
  if (impl_ == nullptr) return OverError();
  return impl_->Commit(options);
}
Result<SequenceNumber> Transaction::Commit() noexcept {
  return Commit(WriteOptions{});
}

void Transaction::Rollback() noexcept {
  if (impl_ != nullptr) impl_->End();
}

SequenceNumber Transaction::snapshot_sequence() const noexcept {
  return impl_ == nullptr ? 0 : impl_->snapshot_sequence();
}
bool Transaction::active() const noexcept {
  return impl_ != nullptr && impl_->active();
}

}  // namespace quiver
