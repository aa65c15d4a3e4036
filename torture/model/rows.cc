#include "model/rows.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "testing/model.h"

namespace quiver::torture {

namespace {

constexpr std::size_t kNoiseBytes = std::size_t{64} << 10;
constexpr std::size_t kLargeValueBytesMax = 7000;
constexpr std::size_t kHugeValueBytes = std::size_t{40} << 10;
constexpr std::size_t kLongKeyBytes = 3000;

std::uint64_t Mix(std::uint64_t word) {
  word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9ULL;
  word = (word ^ (word >> 27)) * 0x94D049BB133111EBULL;
  return word ^ (word >> 31);
}

// A third each: decimal numbers behind a letter, small big-endian numbers, bytes of any kind.
std::string FixedKey(Random& random, std::uint64_t key_space) {
  const std::uint64_t number = random.Below(key_space);
  std::string key(Rows::kKeyWidthBytes, '\0');
  if (number % 3 == 0) {
    std::string digits = std::to_string(10'000'000 + number);
    key = "k" + digits.substr(digits.size() - (Rows::kKeyWidthBytes - 1));
  } else if (number % 3 == 1) {
    for (std::size_t i = 0; i < key.size(); ++i) {
      key[key.size() - 1 - i] = static_cast<char>(number >> (8 * i));
    }
  } else {
    const std::uint64_t word = Mix(number);
    std::memcpy(key.data(), &word, key.size());
  }
  return key;
}

}  // namespace

Rows::Rows(const Shape& shape, Random& random) : fixed_values_(shape.fixed_values) {
  std::set<std::string> keys;
  const std::uint64_t key_space = 3 * std::uint64_t{shape.key_count};
  if (!shape.fixed_keys) keys.insert(std::string(kLongKeyBytes, 'L'));
  while (keys.size() < shape.key_count) {
    keys.insert(shape.fixed_keys ? FixedKey(random, key_space)
                                 : testing::ModelKey(random, key_space));
  }
  keys_.assign(keys.begin(), keys.end());
  noise_.resize(kNoiseBytes);
  for (char& byte : noise_) byte = static_cast<char>('a' + random.Below(4));
}

std::uint32_t Rows::LowerBound(std::string_view target) const {
  return static_cast<std::uint32_t>(std::lower_bound(keys_.begin(), keys_.end(), target) -
                                    keys_.begin());
}

std::uint32_t Rows::UpperBound(std::string_view target) const {
  const std::uint32_t rank = LowerBound(target);
  return rank + (rank < keys_.size() && keys_[rank] == target ? 1 : 0);
}

std::uint32_t Rows::PrefixEnd(std::string_view prefix) const {
  const auto end =
      std::partition_point(keys_.begin() + LowerBound(prefix), keys_.end(),
                           [prefix](const std::string& key) { return key.starts_with(prefix); });
  return static_cast<std::uint32_t>(end - keys_.begin());
}

// Mostly a few dozen bytes; some empty, some shorter than a stamp, some of many kilobytes.
std::size_t Rows::ValueBytes(Stamp stamp, std::size_t& noise_offset) const {
  const std::uint64_t word = Mix(stamp);
  noise_offset = (word >> 32) % (kNoiseBytes - kHugeValueBytes);
  if (fixed_values_) return kValueWidthBytes;
  const std::uint64_t dice = word % 10'000;
  const std::uint64_t draw = (word >> 16) % 65'536;
  if (dice < 2) return kHugeValueBytes;
  if (dice < 52) return 1000 + draw % (kLargeValueBytesMax - 1000);
  if (dice < 252) return 0;
  if (dice < 552) return 1 + draw % 7;
  return 8 + draw % 56;
}

void Rows::AppendValue(Stamp stamp, std::string& out) const {
  std::size_t offset = 0;
  const std::size_t size = ValueBytes(stamp, offset);
  const std::size_t header = std::min(size, sizeof stamp);
  out.append(reinterpret_cast<const char*>(&stamp), header);
  out.append(noise_, offset, size - header);
}

bool Rows::IsValue(Stamp stamp, std::string_view bytes) const {
  std::size_t offset = 0;
  const std::size_t size = ValueBytes(stamp, offset);
  if (bytes.size() != size) return false;
  const std::size_t header = std::min(size, sizeof stamp);
  return std::memcmp(bytes.data(), &stamp, header) == 0 &&
         std::memcmp(bytes.data() + header, noise_.data() + offset, size - header) == 0;
}

}  // namespace quiver::torture
