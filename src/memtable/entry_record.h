// EntryRecord: how an entry lies in a memtable's arena; shared by all eight kinds.
//
//   offset 0  u64 tag         sequence << 8 | operation
//          8  u32 key_bytes
//         12  u32 value_bytes
//         16  u64 expiry_us   (0 = never)
//         24  key, then value
//
// A record is immutable once written. Structures hold `const EntryRecord*`, often beside the
// key's 8-byte prefix, and compare through CompareRecord.
//
// Thread safety: immutable.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include "base/arena.h"
#include "base/entry.h"
#include "base/prefetch.h"

namespace quiver {

class EntryRecord {
 public:
  /// Copies `entry` into the arena.
  static const EntryRecord* Create(Arena& arena, const EntryView& entry) {
    const std::size_t bytes = sizeof(EntryRecord) + entry.key.size() + entry.value.size();
    std::byte* memory = arena.Allocate(bytes);
    // Room for the next one, which probably comes to lie behind this one and is as large. Without
    // its lines at hand the stores to it would keep the next atomic operation waiting.
    for (std::size_t line = 0; line <= std::min(bytes, kLinesAhead * kLineBytes);
         line += kLineBytes) {
      PrefetchLineToWrite(memory + bytes + line);
    }
    auto* record = new (memory) EntryRecord(entry);
    auto* text = reinterpret_cast<char*>(memory + sizeof(EntryRecord));
    if (!entry.key.empty()) std::memcpy(text, entry.key.data(), entry.key.size());
    if (!entry.value.empty()) {
      std::memcpy(text + entry.key.size(), entry.value.data(), entry.value.size());
    }
    return record;
  }

  std::string_view key() const noexcept { return {bytes(), key_bytes_}; }
  std::string_view value() const noexcept { return {bytes() + key_bytes_, value_bytes_}; }
  SequenceNumber sequence() const noexcept { return tag_ >> 8; }
  Operation operation() const noexcept { return static_cast<Operation>(tag_ & 0xFF); }
  std::uint64_t expiry_us() const noexcept { return expiry_us_; }

  EntryView view() const noexcept { return {key(), value(), sequence(), operation(), expiry_us_}; }
  void FillAnswer(LookupAnswer& answer) const noexcept {
    answer = {value(), sequence(), operation(), expiry_us_};
  }

 private:
  static constexpr std::size_t kLineBytes = 64;
  static constexpr std::size_t kLinesAhead = 8;

  explicit EntryRecord(const EntryView& entry) noexcept
      : tag_(entry.sequence << 8 | static_cast<std::uint64_t>(entry.operation)),
        key_bytes_(static_cast<std::uint32_t>(entry.key.size())),
        value_bytes_(static_cast<std::uint32_t>(entry.value.size())),
        expiry_us_(entry.expiry_us) {}
  const char* bytes() const noexcept { return reinterpret_cast<const char*>(this + 1); }

  std::uint64_t tag_;
  std::uint32_t key_bytes_;
  std::uint32_t value_bytes_;
  std::uint64_t expiry_us_;
};
static_assert(sizeof(EntryRecord) == 24);

/// Order of a record against (key, sequence): negative, zero or positive.
inline int CompareRecord(const EntryRecord& record, std::string_view key,
                         SequenceNumber sequence) noexcept {
  return CompareEntry(record.key(), record.sequence(), key, sequence);
}

}  // namespace quiver
