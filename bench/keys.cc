#include "keys.h"

#include <cstring>

namespace quiver::bench {

namespace {

constexpr std::size_t kHalfValueBytes = kValueBytes / 2;
constexpr std::string_view kPrefix = "account/";

void WriteHex(std::uint64_t number, std::size_t digits, char* out) noexcept {
  for (std::size_t i = digits; i-- > 0; number >>= 4) out[i] = "0123456789abcdef"[number & 15];
}

// A bijection of 32 bits (the finaliser of MurmurHash3, Austin Appleby).
std::uint32_t Scatter32(std::uint32_t number) noexcept {
  number = (number ^ (number >> 16)) * 0x85EBCA6BU;
  number = (number ^ (number >> 13)) * 0xC2B2AE35U;
  return number ^ (number >> 16);
}

void WriteKey(KeyOrder order, std::uint64_t i, char* out) noexcept {
  switch (order) {
    case KeyOrder::kSequential: WriteHex(i, kKeyBytes, out); return;
    case KeyOrder::kRandom: WriteHex(Scatter(i), kKeyBytes, out); return;
    case KeyOrder::kSharedPrefix:
      std::memcpy(out, kPrefix.data(), kPrefix.size());
      WriteHex(Scatter32(static_cast<std::uint32_t>(i)), kKeyBytes - kPrefix.size(),
               out + kPrefix.size());
      return;
  }
}

// Word `place` of the value of key `index`.
std::uint64_t ValueWord(std::uint64_t index, std::uint64_t place) noexcept {
  return Scatter((index << 3 | place) ^ 0x5155495645520000ULL);
}

}  // namespace

KeySet::KeySet(KeyOrder order, std::uint64_t first, std::uint64_t count)
    : bytes_(count * kKeyBytes) {
  for (std::uint64_t i = 0; i < count; ++i) {
    WriteKey(order, first + i, bytes_.data() + i * kKeyBytes);
  }
}

void Value::Fill(std::uint64_t index) noexcept {
  std::array<std::uint64_t, (kHalfValueBytes + 7) / 8> words;
  for (std::size_t place = 0; place < words.size(); ++place) words[place] = ValueWord(index, place);
  std::memcpy(bytes_.data(), words.data(), kHalfValueBytes);
  std::memcpy(bytes_.data() + kHalfValueBytes, words.data(), kHalfValueBytes);
}

bool BelongsTo(std::string_view value, std::uint64_t index) noexcept {
  const std::uint64_t word = ValueWord(index, 0);
  return value.size() == kValueBytes && std::memcmp(value.data(), &word, sizeof word) == 0;
}

}  // namespace quiver::bench
