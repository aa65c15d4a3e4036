// EngineRound: one engine's turn, from empty directory to closed database, with every row timed.
//
// Thread safety: one thread.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "engine.h"
#include "keys.h"

namespace quiver::bench {

enum class Row : std::uint8_t {
  kLoad,
  kLoadSettled,
  kBatchLoad,
  kReadHit,
  kReadAbsent,
  kScan,
  kScanAgain,
  kSize,
};
inline constexpr std::size_t kRowCount = 8;

struct RowInfo {
  std::string_view name;
  std::string_view unit;
  bool more_is_better;
  std::string_view meaning;
};

/// In the order of Row.
inline constexpr std::array<RowInfo, kRowCount> kRows{{
    {"load", "kops/s", true, "puts in random order, one a call, logged, not synced"},
    {"load, settled", "kops/s", true,
     "the same, the clock running on until memory is flushed and no compaction is due"},
    {"batch load", "kops/s", true, "puts in random order, 100 to an atomic batch"},
    {"read, hit", "kops/s", true,
     "gets of present keys, evenly random, after a settled load and an untimed quarter as many"},
    {"read, absent", "kops/s", true, "gets of absent keys between the present ones"},
    {"full scan", "kops/s", true, "every entry in key order, the first reader after the load"},
    {"full scan, again", "kops/s", true, "the same after the reads, which have filled the caches"},
    {"size on disk", "MiB", false,
     "blocks of all files of the directory, log included, after the reads of the settled load"},
}};

inline constexpr std::uint64_t kBatchEntries = 100;

using Figures = std::array<double, kRowCount>;

struct Workload {
  explicit Workload(std::uint64_t rows)
      : present(KeyOrder::kRandom, 0, rows), absent(KeyOrder::kRandom, rows, rows) {}
  KeySet present;
  KeySet absent;
};

/// Runs all rows of `kind` in `options.directory`, which is emptied before and after. Ends the
/// process if the engine fails or answers wrongly. `round` varies the random reads.
Figures RunEngineRound(const EngineKind& kind, const EngineOptions& options,
                       const Workload& workload, std::uint64_t round);

}  // namespace quiver::bench
