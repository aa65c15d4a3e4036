// WriteBatch checks its limits before it changes anything, so that a refused operation leaves the
// batch as it was. The limit of a whole batch is held against its encoded size, which is what goes
// into one log frame.
#include "quiver/write_batch.h"

#include <utility>

#include "base/batch_codec.h"
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
    : encoded_(std::exchange(other.encoded_, {})), count_(std::exchange(other.count_, 0)) {}

WriteBatch& WriteBatch::operator=(WriteBatch&& other) noexcept {
  encoded_ = std::exchange(other.encoded_, {});
  count_ = std::exchange(other.count_, 0);
  return *this;
}

Result<void> WriteBatch::Put(std::string_view key, std::string_view value) {
  const BatchEntry entry{.operation = Operation::kPut, .key = key, .value = value};
  QUIVER_TRY(CheckLimits(entry, encoded_.size()));
  AppendBatchEntry(encoded_, entry);
  ++count_;
  return {};
}

Result<void> WriteBatch::Delete(std::string_view key) {
  const BatchEntry entry{.operation = Operation::kDelete, .key = key};
  QUIVER_TRY(CheckLimits(entry, encoded_.size()));
  AppendBatchEntry(encoded_, entry);
  ++count_;
  return {};
}

void WriteBatch::Clear() noexcept {
  encoded_.clear();
  count_ = 0;
}

}  // namespace quiver
