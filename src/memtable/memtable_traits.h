// The table of the eight kinds: what each promises. The conformance test, the benchmark, the
// configuration's limits and docs/memtables.md read these rows.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "quiver/config.h"

namespace quiver {

struct MemtableTraits {
  MemtableKind kind;
  std::string_view name;
  bool concurrent_writers;       ///< Add from many threads at once
  std::uint64_t size_bytes_max;  ///< flushed at this size at the latest
  std::string_view structure;    ///< one phrase: what it is
  std::string_view add_cost;     ///< n entries, L key bytes, c chunk entries, b bucket entries
  std::string_view get_cost;
  std::string_view seek_cost;
  std::string_view next_cost;
};

/// All eight, in the order of MemtableKind.
std::span<const MemtableTraits> AllMemtableTraits() noexcept;
const MemtableTraits& TraitsOf(MemtableKind kind) noexcept;

}  // namespace quiver
