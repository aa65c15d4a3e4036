// A database on a file system of the test's choice: the engine below the public API, which always
// uses the machine's own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/batch_codec.h"
#include "db/engine.h"
#include "io/environment.h"
#include "testing/impatient_executor.h"

namespace quiver::testing {

inline DatabaseConfig HarnessConfig(WalMode mode) {
  DatabaseConfig config;
  config.wal_mode = mode;
  config.wal_batch_bytes = 16 << 10;
  config.wal_batch_interval_ms = 10;
  config.memtable_size_bytes = 64 << 10;
  config.memory_limit_bytes = 64 << 20;
  config.table_size_bytes = 64 << 10;
  config.level_base_bytes = 256 << 10;
  config.block_size_bytes = 4096;
  config.value_chunk_bytes = 4096;
  config.disk_reserve_bytes = 0;
  config.idle_compaction_delay_ms = 0;  // tests say themselves when runs are merged
  return config;
}

inline Result<std::shared_ptr<Engine>> OpenEngineAt(io::FileSystem& files,
                                                    const std::filesystem::path& path,
                                                    const DatabaseConfig& config,
                                                    OpenMode mode = OpenMode::kReadWrite) {
  io::Environment environment = io::SystemEnvironment();
  environment.file_system = &files;
  environment.new_executor = [](std::uint32_t compaction_threads) {
    return std::make_unique<ImpatientExecutor>(io::NewThreadPool(compaction_threads));
  };
  return Engine::Open(environment, path, config, mode);
}

inline Result<std::shared_ptr<Engine>> OpenEngine(io::FileSystem& files,
                                                  const DatabaseConfig& config) {
  return OpenEngineAt(files, "/db", config);
}

inline Result<SequenceNumber> PutInto(Engine& engine, std::string_view key, std::string_view value,
                                      const WriteOptions& options = {}) {
  std::string encoded;
  AppendBatchEntry(encoded, {.key = key, .value = value});
  return engine.Write(encoded, 1, options);
}

inline Result<std::optional<std::string>> GetFrom(const Engine& engine, std::string_view key) {
  const EpochGuard guard(engine.core().epochs);
  TableAnswer found;
  const Result<bool> hit = engine.Get(key, {}, /*want_pin=*/false, found);
  if (!hit) return hit.error();
  if (!*hit) return std::optional<std::string>();
  return std::optional<std::string>(found.answer.value);
}

}  // namespace quiver::testing
