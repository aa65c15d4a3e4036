// Workload: the operations of `quiver bench`, under the names that db_bench made known.
//
// Keys are 16 bytes: the number in decimal, zero-padded; values are half random, half repeated, so
// that compression has something to do. Threads draw from generators of their own.
//
// Thread safety: Run starts its threads and waits for them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/database.h"

namespace quiver::cli {

struct WorkloadOptions {
  std::uint64_t rows = 1'000'000;
  std::uint64_t operations = 0;  ///< 0: as many as rows
  std::uint32_t threads = 1;
  std::uint32_t value_bytes = 100;
  std::uint32_t batch_rows = 100;  ///< of fillbatch and multireadrandom
  std::uint64_t seed = 1;
  const Keyspace* keyspace = nullptr;  ///< nullptr: the default one
};

struct WorkloadResult {
  std::string name;
  std::uint64_t operations = 0;
  double seconds = 0;
  std::uint64_t found = 0;  ///< of the reading ones
  std::uint64_t p50_ns = 0, p99_ns = 0, p9999_ns = 0, max_ns = 0;
};

/// The names that RunWorkload knows, with one sentence each.
struct WorkloadInfo {
  std::string_view name;
  std::string_view sentence;
};
std::span<const WorkloadInfo> Workloads();

/// kNotFound for an unknown name.
Result<WorkloadResult> RunWorkload(std::string_view name, Database& database,
                                   const WorkloadOptions& options);

/// The largest row number and one.
inline constexpr std::uint64_t kWorkloadRowsMax = 10'000'000'000;

/// The key of row `number`.
std::string WorkloadKey(std::uint64_t number);
/// True if WorkloadKey makes `key` for a number below kWorkloadRowsMax.
bool IsWorkloadKey(std::string_view key);

}  // namespace quiver::cli
