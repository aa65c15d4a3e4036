// WriteBatch checks its limits before it changes anything, so that a refused operation leaves the
// batch as it was. The limit of a whole batch is held against its encoded size, which is what goes
// into one log frame.
#include "quiver/write_batch.h"

#include <algorithm>
#include <utility>

#include "base/batch_codec.h"
#include "base/keyspace_access.h"
#include "base/try.h"

namespace quiver {

namespace {

Error OverLimit(std::string_view what, std::size_t bytes, std::size_t bytes_max) {
  std::string message(what);
  message += " has " + std::to_string(bytes) + " bytes, the most is " + std::to_string(bytes_max);
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

Result<void> CheckLimits(const BatchEntry& entry, std::size_t batch_bytes) {
  if (entry.key.size() > kKeyBytesMax) return OverLimit("key", entry.key.size(), kKeyBytesMax);
  if (entry.value.size() > kValueBytesMax) {
    return OverLimit("value", entry.value.size(), kValueBytesMax);
  }
  const std::size_t bytes = batch_bytes + EncodedEntryBytes(entry);
  if (bytes > kBatchBytesMax) {
    return OverLimit("the batch with this operation", bytes, kBatchBytesMax)
        .WithContext("write the batch in parts");
  }
  return {};
}

}  // namespace

WriteBatch::WriteBatch(WriteBatch&& other) noexcept
    : encoded_(std::exchange(other.encoded_, {})),
      count_(std::exchange(other.count_, 0)),
      uses_default_(std::exchange(other.uses_default_, false)),
      has_merges_(std::exchange(other.has_merges_, false)),
      keyspaces_(std::exchange(other.keyspaces_, {})) {}

WriteBatch& WriteBatch::operator=(WriteBatch&& other) noexcept {
  encoded_ = std::exchange(other.encoded_, {});
  count_ = std::exchange(other.count_, 0);
  uses_default_ = std::exchange(other.uses_default_, false);
  has_merges_ = std::exchange(other.has_merges_, false);
  keyspaces_ = std::exchange(other.keyspaces_, {});
  return *this;
}

Result<void> WriteBatch::Add(const BatchEntry& entry, const Keyspace* keyspace) {
  QUIVER_TRY(CheckLimits(entry, encoded_.size()));
  AppendBatchEntry(encoded_, entry);
  ++count_;
  if (keyspace == nullptr) {
    uses_default_ = true;
    return {};
  }
  // The last one named is the likeliest to be named again.
  const auto same = [keyspace](const Keyspace& named) {
    return KeyspaceAccess::IsSame(named, *keyspace);
  };
  if (std::none_of(keyspaces_.rbegin(), keyspaces_.rend(), same)) keyspaces_.push_back(*keyspace);
  return {};
}

namespace {

BatchEntry EntryOf(Operation operation, std::string_view key, std::string_view value,
                   const EntryOptions& options) {
  return {.keyspace = options.keyspace == nullptr ? 0 : options.keyspace->id(),
          .operation = operation,
          .key = key,
          .value = value,
          .expiry_us = options.expiry_us};
}

Result<void> CheckNoExpiry(const EntryOptions& options) {
  if (options.expiry_us == 0) return {};
  return Error(ErrorCode::kInvalidArgument, "a delete cannot expire: expiry_us must be 0");
}

}  // namespace

Result<void> WriteBatch::Put(std::string_view key, std::string_view value,
                             const EntryOptions& options) noexcept {
  return Add(EntryOf(Operation::kPut, key, value, options), options.keyspace);
}

Result<void> WriteBatch::Delete(std::string_view key, const EntryOptions& options) noexcept {
  QUIVER_TRY(CheckNoExpiry(options));
  return Add(EntryOf(Operation::kDelete, key, {}, options), options.keyspace);
}

Result<void> WriteBatch::Merge(std::string_view key, std::string_view operand,
                               const EntryOptions& options) noexcept {
  QUIVER_TRY(Add(EntryOf(Operation::kMerge, key, operand, options), options.keyspace));
  has_merges_ = true;
  return {};
}

Result<void> WriteBatch::DeleteRange(std::string_view begin, std::string_view end,
                                     const EntryOptions& options) noexcept {
  QUIVER_TRY(CheckNoExpiry(options));
  if (end.size() > kKeyBytesMax) return OverLimit("end of the range", end.size(), kKeyBytesMax);
  return Add(EntryOf(Operation::kRangeDelete, begin, end, options), options.keyspace);
}

void WriteBatch::Clear() noexcept {
  encoded_.clear();
  count_ = 0;
  uses_default_ = false;
  has_merges_ = false;
  keyspaces_.clear();
}

}  // namespace quiver
