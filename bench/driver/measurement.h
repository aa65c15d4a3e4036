// Measurement: one figure of one engine, as a child process hands it to the driver.
//
// Thread safety: a value.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quiver::bench {

enum class Unit : std::uint8_t {
  kPerSecond,
  kMilliseconds,
  kMicroseconds,
  kMebibytes,
  kBytes,
  kFactor
};

struct UnitInfo {
  std::string_view name;
  bool more_is_better;
};

/// In the order of Unit.
inline constexpr std::array<UnitInfo, 6> kUnits{
    {{"1/s", true}, {"ms", false}, {"us", false}, {"MiB", false}, {"bytes", false}, {"x", false}}};

constexpr const UnitInfo& InfoOf(Unit unit) noexcept {
  return kUnits[static_cast<std::size_t>(unit)];
}

constexpr std::optional<Unit> UnitNamed(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    if (kUnits[i].name == name) return static_cast<Unit>(i);
  }
  return std::nullopt;
}

struct Measurement {
  std::string row;
  Unit unit = Unit::kPerSecond;
  double value = 0;
};

}  // namespace quiver::bench
