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
      keyspaces_(std::exchange(other.keyspaces_, {})) {}

WriteBatch& WriteBatch::operator=(WriteBatch&& other) noexcept {
  encoded_ = std::exchange(other.encoded_, {});
  count_ = std::exchange(other.count_, 0);
  uses_default_ = std::exchange(other.uses_default_, false);
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

Result<void> WriteBatch::Put(std::string_view key, std::string_view value) {
  return Add({.operation = Operation::kPut, .key = key, .value = value}, nullptr);
}

Result<void> WriteBatch::Put(const Keyspace& keyspace, std::string_view key,
                             std::string_view value) {
  return Add({.keyspace = keyspace.id(), .operation = Operation::kPut, .key = key, .value = value},
             &keyspace);
}

Result<void> WriteBatch::Delete(std::string_view key) {
  return Add({.operation = Operation::kDelete, .key = key, .value = {}}, nullptr);
}

Result<void> WriteBatch::Delete(const Keyspace& keyspace, std::string_view key) {
  return Add({.keyspace = keyspace.id(), .operation = Operation::kDelete, .key = key, .value = {}},
             &keyspace);
}

void WriteBatch::Clear() noexcept {
  encoded_.clear();
  count_ = 0;
  uses_default_ = false;
  keyspaces_.clear();
}

}  // namespace quiver
