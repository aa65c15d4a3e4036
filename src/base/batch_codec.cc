// See batch_codec.h.
#include "base/batch_codec.h"

#include <bit>
#include <limits>

#include "base/coding.h"

namespace quiver {

namespace {

constexpr std::uint8_t kOperationMask = 0x0F;
constexpr std::uint8_t kHasKeyspace = 0x10;
constexpr std::uint8_t kHasExpiry = 0x20;
constexpr std::uint8_t kReservedMask = 0xC0;

bool HasValue(Operation operation) noexcept {
  return operation != Operation::kDelete;
}

std::size_t VarintBytes(std::uint64_t value) noexcept {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

// Decodes one entry off the front of `in`; false leaves `in` somewhere inside the entry.
bool ConsumeEntry(std::string_view& in, BatchEntry& entry) noexcept {
  std::uint8_t head = 0;
  if (!ConsumeFixed(in, head)) return false;
  const std::uint8_t operation = head & kOperationMask;
  if ((head & kReservedMask) != 0) return false;
  if (operation > static_cast<std::uint8_t>(Operation::kRangeDelete)) return false;
  entry.operation = static_cast<Operation>(operation);

  entry.keyspace = 0;
  if ((head & kHasKeyspace) != 0) {
    std::uint64_t keyspace = 0;
    if (!ConsumeVarint(in, keyspace)) return false;
    if (keyspace == 0 || keyspace > std::numeric_limits<std::uint32_t>::max()) return false;
    entry.keyspace = static_cast<std::uint32_t>(keyspace);
  }
  entry.expiry_us = 0;
  if ((head & kHasExpiry) != 0) {
    if (!ConsumeFixed(in, entry.expiry_us) || entry.expiry_us == 0) return false;
  }

  if (!ConsumeLengthPrefixed(in, entry.key) || entry.key.size() > kKeyBytesMax) return false;
  entry.value = {};
  if (!HasValue(entry.operation)) return true;
  return ConsumeLengthPrefixed(in, entry.value) && entry.value.size() <= kValueBytesMax;
}

}  // namespace

void AppendBatchEntry(std::string& out, const BatchEntry& entry) {
  auto head = static_cast<std::uint8_t>(entry.operation);
  if (entry.keyspace != 0) head |= kHasKeyspace;
  if (entry.expiry_us != 0) head |= kHasExpiry;
  out.push_back(static_cast<char>(head));
  if (entry.keyspace != 0) AppendVarint(out, entry.keyspace);
  if (entry.expiry_us != 0) AppendFixed(out, entry.expiry_us);
  AppendLengthPrefixed(out, entry.key);
  if (HasValue(entry.operation)) AppendLengthPrefixed(out, entry.value);
}

std::size_t EncodedEntryBytes(const BatchEntry& entry) noexcept {
  std::size_t bytes = 1 + VarintBytes(entry.key.size()) + entry.key.size();
  if (entry.keyspace != 0) bytes += VarintBytes(entry.keyspace);
  if (entry.expiry_us != 0) bytes += sizeof(entry.expiry_us);
  if (HasValue(entry.operation)) bytes += VarintBytes(entry.value.size()) + entry.value.size();
  return bytes;
}

bool BatchReader::Next(BatchEntry& entry) noexcept {
  if (malformed_ || rest_.empty()) return false;
  std::string_view rest = rest_;
  BatchEntry decoded;
  if (!ConsumeEntry(rest, decoded)) {
    malformed_ = true;
    return false;
  }
  rest_ = rest;
  entry = decoded;
  return true;
}

}  // namespace quiver
