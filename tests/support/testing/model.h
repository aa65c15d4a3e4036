// The model that a database is compared with: a std::map for the present and copies of it for
// snapshots. Small key spaces keep the copies cheap.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/random.h"

namespace quiver::testing {

using Model = std::map<std::string, std::string, std::less<>>;

/// Keys of a few shapes: short, long with a shared prefix, with extreme bytes, empty.
inline std::string ModelKey(Random& random, std::uint64_t key_space) {
  const std::uint64_t number = random.Below(key_space);
  switch (number % 8) {
    case 0: return "k" + std::to_string(number);
    case 1: return std::string(40, 'p') + std::to_string(number);
    case 2: return std::string("\xff\xff", 2) + std::to_string(number);
    case 3: return std::string("\0\0", 2) + std::to_string(number);
    case 4: return number == 4 ? std::string() : "user:" + std::to_string(number * 7919);
    case 5: return "user:" + std::to_string(number);
    case 6: return std::string(number % 300, 'x');
    default: {
      std::string key(8, '\0');
      for (char& byte : key) byte = static_cast<char>(number * 0x9E3779B97F4A7C15ULL >> 56);
      return key + std::to_string(number % 97);
    }
  }
}

/// Mostly small values, now and then empty or many kilobytes.
inline std::string ModelValue(Random& random, std::uint64_t stamp) {
  std::size_t size = random.Below(60);
  if (random.OneIn(50)) size = 0;
  if (random.OneIn(200)) size = 1000 + random.Below(6000);
  std::string value = std::to_string(stamp) + ":";
  while (value.size() < size) value.push_back(static_cast<char>('a' + random.Below(4)));
  if (random.OneIn(100)) value.clear();
  return value;
}

}  // namespace quiver::testing
