// The option sets of the model test: 24 configurations that together have every memtable, strategy,
// log mode and compression, small and large memtables, tables, levels and blocks.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>

#include "quiver/config.h"

namespace quiver::torture {

inline constexpr std::uint32_t kOptionSetCount = 24;

/// Set `number` (taken modulo the count). Every second set declares the widths that a round has;
/// the others leave them open, and must answer the same.
DatabaseConfig OptionSet(std::uint64_t number, bool fixed_keys, bool fixed_values);

/// How many of `kOptionSetCount` sets' memtables, strategies, log modes and compressions differ.
struct OptionCoverage {
  std::uint32_t memtables = 0;
  std::uint32_t strategies = 0;
  std::uint32_t log_modes = 0;
  std::uint32_t compressions = 0;
  std::uint32_t memtables_by_strategies = 0;
};
OptionCoverage CoverageOfOptionSets();

}  // namespace quiver::torture
