// Dataset: which keys and values a run uses. Key and value number i are pure functions of i, so
// that every engine, child process and round meets the same bytes in the same order.
//
//   S        5 M entries of 16 + 100 bytes       fits the processor's surroundings: memory-bound
//   M       20 M entries of 20 + 400 bytes       fits memory
//   L        M in a memory cgroup of 3 GiB       does not: disk-bound
//   V        1 M entries of 16 + 4096 bytes      large values
//   S-zipf   S, read with Zipf's law
//   S-prefix S with keys of 64 bytes whose first 48 hardly tell them apart, unevenly spread
//   1M … 100M           that many entries as S has them, the cache in proportion
//   1MiB, 64MiB         what a memtable of that size takes of them; 64MiB-prefix: with S-prefix'
//   keys
//
// Values: the second half repeats the first, so that a codec can halve them; the first eight bytes
// say whose value it is.
//
// Thread safety: pure functions; a KeyBuffer or ValueBuffer belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keys.h"

namespace quiver::bench {

enum class KeyShape : std::uint8_t {
  kPlain,         ///< hexadecimal digits, "user" before them where there is room
  kSharedPrefix,  ///< tenant and table before the digits; few tenants own most rows
};

struct Dataset {
  std::string name;
  std::uint64_t entries = 0;
  std::uint32_t key_bytes = 0;
  std::uint32_t value_bytes = 0;
  KeyShape shape = KeyShape::kPlain;
  bool zipfian = false;                  ///< which entries are read, unless a row says otherwise
  std::uint64_t cache_bytes = 0;         ///< block cache at scale 1
  std::uint64_t memory_limit_bytes = 0;  ///< of the cgroup; 0 is none

  std::uint64_t entry_bytes() const noexcept { return key_bytes + value_bytes; }
  std::uint64_t data_bytes() const noexcept { return entries * entry_bytes(); }
};

/// The data set of that name with `scale` times its entries, cache and memory limit.
std::optional<Dataset> DatasetNamed(std::string_view name, double scale);
std::vector<std::string> DatasetNames();

inline constexpr std::size_t kKeyBytesLongest = 64;

/// Makes keys. Numbers from `entries` on are absent unless inserted later.
class KeyBuffer {
 public:
  explicit KeyBuffer(const Dataset& dataset);

  /// Key number i in random order: consecutive numbers are far apart.
  std::string_view Random(std::uint64_t i) noexcept { return Encode(Scatter(i)); }
  /// Key number i in key order.
  std::string_view Sequential(std::uint64_t i) noexcept { return Encode(i); }

 private:
  std::string_view Encode(std::uint64_t number) noexcept;

  std::array<char, kKeyBytesLongest> bytes_{};
  std::uint32_t length_;
  KeyShape shape_;
};

/// Makes values: a copy from a pool of about a mebibyte, which costs nanoseconds, and the owner.
class ValueBuffer {
 public:
  explicit ValueBuffer(const Dataset& dataset);

  /// The value of key number i; lives until the next call.
  std::string_view Of(std::uint64_t i) noexcept;

 private:
  std::uint32_t length_;
  std::uint64_t slots_;
  std::vector<char> pool_;
  std::vector<char> value_;
};

/// True if `value` is as long as the data set's values and says that it belongs to key number i.
bool BelongsTo(std::string_view value, const Dataset& dataset, std::uint64_t i) noexcept;

}  // namespace quiver::bench
