// EngineCore: the parts of a database that everything handed to a reader may need to the end:
// memory, epochs, the ledger and the counters. Memtables, cached blocks and iterators share it, so
// that a pinned value may outlive its database.
//
// Thread safety: the members are each safe from any thread.
#pragma once

#include <cstdint>

#include "base/epoch.h"
#include "base/huge_memory.h"
#include "base/memory_ledger.h"
#include "metrics/engine_metrics.h"

namespace quiver {

struct EngineCore {
  EngineCore(std::uint64_t memory_limit_bytes, std::uint64_t pool_keep_bytes_max)
      : pool(pool_keep_bytes_max), ledger(memory_limit_bytes) {}

  EngineMetrics metrics;
  HugeMemoryPool pool;
  MemoryLedger ledger;
  EpochManager epochs;  // last: what it still holds at the end needs the others
};

}  // namespace quiver
