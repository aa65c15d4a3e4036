// Little-endian fixed-width integers and LEB128 varints in byte strings.
//
// Thread safety: pure functions.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace quiver {

static_assert(std::endian::native == std::endian::little, "formats are read and written in place");

template <typename T>
inline T LoadFixed(const void* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}
template <typename T>
inline void StoreFixed(void* to, T value) noexcept {
  std::memcpy(to, &value, sizeof(T));
}
template <typename T>
inline void AppendFixed(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}
/// Takes a fixed-width integer off the front of `in`; false if it is too short.
template <typename T>
inline bool ConsumeFixed(std::string_view& in, T& value) noexcept {
  if (in.size() < sizeof(T)) return false;
  value = LoadFixed<T>(in.data());
  in.remove_prefix(sizeof(T));
  return true;
}

inline void AppendVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}
/// Takes a varint off the front of `in`; false if it is cut short or over 64 bits.
inline bool ConsumeVarint(std::string_view& in, std::uint64_t& value) noexcept {
  std::uint64_t result = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (in.empty()) return false;
    const auto byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    result |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) {
      value = result;
      return true;
    }
  }
  return false;
}

inline void AppendLengthPrefixed(std::string& out, std::string_view bytes) {
  AppendVarint(out, bytes.size());
  out.append(bytes);
}
inline bool ConsumeLengthPrefixed(std::string_view& in, std::string_view& bytes) noexcept {
  std::uint64_t size = 0;
  if (!ConsumeVarint(in, size) || size > in.size()) return false;
  bytes = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

/// The first eight bytes of `key` as a big-endian number, zero-padded: its order agrees with the
/// bytewise order of keys wherever two prefixes differ.
inline std::uint64_t KeyPrefix(std::string_view key) noexcept {
  std::uint64_t word = 0;
  if (key.size() >= 8) {
    std::memcpy(&word, key.data(), 8);
  } else if (!key.empty()) {
    std::memcpy(&word, key.data(), key.size());
  }
  return __builtin_bswap64(word);
}

constexpr std::uint64_t AlignUp(std::uint64_t value, std::uint64_t alignment) noexcept {
  return (value + alignment - 1) / alignment * alignment;
}

}  // namespace quiver
