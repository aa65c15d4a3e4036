// MemtableWorkload: the six loads that the eight memtables are measured on.
//
// A load is cut when its time is over; what it measured until then still counts, marked as cut.
//
// Thread safety: one thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/epoch.h"
#include "base/huge_memory.h"
#include "keys.h"
#include "quiver/config.h"

namespace quiver::bench {

enum class Load : std::uint8_t {
  kSequential,
  kRandom,
  kSharedPrefix,
  kZipfian,
  kMixedWithScans,
  kBulk,
};

struct LoadInfo {
  Load load;
  std::string_view name;
  std::array<std::string_view, 2> phases;  ///< what is timed apart; the second may be empty
  std::string_view meaning;
};

/// In the order of Load.
inline constexpr std::array<LoadInfo, 6> kLoads{{
    {Load::kSequential, "sequential", {"add", "get"}, "adds in key order; then gets at random"},
    {Load::kRandom, "random", {"add", "get"}, "adds in random order; then gets at random"},
    {Load::kSharedPrefix,
     "shared prefix",
     {"add", "get"},
     "as random, but all keys begin with the same 8 bytes"},
    {Load::kZipfian,
     "zipfian",
     {"op", ""},
     "an add, then a get, of keys drawn with Zipf's law (exponent 0.99): many versions of a few"},
    {Load::kMixedWithScans,
     "mixed with scans",
     {"op", ""},
     "of 20 operations 10 adds, 9 gets and 1 scan of 50 entries, while the table grows"},
    {Load::kBulk, "bulk", {"entry", ""}, "all adds in random order, seal, then read all in order"},
}};

/// The keys of a load at a size, made before the clock runs and used for all kinds.
class LoadInput {
 public:
  LoadInput(Load load, std::uint64_t size_bytes);

  Load load() const noexcept { return load_; }
  std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  /// Entries of kEntryBytes that make up size_bytes().
  std::uint64_t count() const noexcept { return keys_.count(); }
  /// The key of the i-th add.
  std::string_view Key(std::uint64_t i) const noexcept {
    return keys_[picks_.empty() ? i : picks_[i]];
  }

 private:
  Load load_;
  std::uint64_t size_bytes_;
  KeySet keys_;
  std::vector<std::uint32_t> picks_;  // zipfian: which key; else empty
};

struct PhaseTime {
  double operations = 0;
  double seconds = 0;
  bool cut = false;  ///< the time was over before all operations were done

  double ns_per_operation() const { return seconds * 1e9 / operations; }
};

struct CellTime {
  std::array<PhaseTime, 2> phases;
  double memory_bytes_per_entry = 0;
};

/// What all memtables of a run share, as in the engine.
struct MemtableSurroundings {
  HugeMemoryPool pool{std::size_t{1} << 30};
  EpochManager epochs;
};

/// Runs a load on a fresh memtable; ends the process if an answer is wrong.
CellTime RunLoad(MemtableKind kind, const LoadInput& input, double limit_seconds,
                 MemtableSurroundings& surroundings);

}  // namespace quiver::bench
