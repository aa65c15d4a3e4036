// The engines of this build, and what adapters share. CMake defines QUIVER_BENCH_<PEER> where it
// found the library.
#include "engines/engine.h"

#include <algorithm>

namespace quiver::bench {

namespace {

constexpr std::size_t kBulkBatchEntries = 1000;

}  // namespace

Result<std::uint64_t> Session::MultiGet(std::span<const std::string_view> keys,
                                        std::span<std::string> values) {
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto answer = Get(keys[i], values[i]);
    if (!answer) return answer.error();
    found += *answer ? 1 : 0;
  }
  return found;
}

Result<void> Engine::BulkLoad(const EntrySource& next) {
  auto session = NewSession();
  if (!session) return session.error();
  // The source's views live for one entry, so a batch keeps copies.
  std::vector<std::pair<std::string, std::string>> kept(kBulkBatchEntries);
  std::vector<KeyValue> batch;
  KeyValue entry;
  bool more = true;
  while (more) {
    batch.clear();
    while (batch.size() < kBulkBatchEntries && (more = next(entry))) {
      auto& [key, value] = kept[batch.size()];
      key.assign(entry.key);
      value.assign(entry.value);
      batch.push_back({key, value});
    }
    if (batch.empty()) break;
    if (auto written = (*session)->WriteBatch(batch); !written) return written;
  }
  return Flush();
}

Result<ScanTotals> Engine::ScanBatches() {
  return Error(ErrorCode::kUnsupported, "the engine has no columnar interface");
}

const std::vector<EngineKind>& AllEngineKinds() {
  static const std::vector<EngineKind> kinds = [] {
    std::vector<EngineKind> found{QuiverEngineKind()};
#ifdef QUIVER_BENCH_ROCKSDB
    found.push_back(RocksDbEngineKind());
#endif
#ifdef QUIVER_BENCH_PACKAGED_ROCKSDB
    // Two builds of one library do not go into one program.
    found.push_back(RocksDbEngineKind());
    found.back().title += " of the distribution";
    found.back().version = QUIVER_BENCH_PACKAGED_ROCKSDB_VERSION;
    found.back().built_with_assertions = QUIVER_BENCH_PACKAGED_ROCKSDB_ASSERTIONS;
    found.back().note = found.back().built_with_assertions
                            ? "this library was built with assertions, which slow it"
                            : "";
    found.back().program = QUIVER_BENCH_PACKAGED_ROCKSDB;
#endif
#ifdef QUIVER_BENCH_LEVELDB
    found.push_back(LevelDbEngineKind());
#endif
#ifdef QUIVER_BENCH_LMDB
    found.push_back(LmdbEngineKind());
#endif
#ifdef QUIVER_BENCH_WIREDTIGER
    found.push_back(WiredTigerEngineKind());
#endif
    return found;
  }();
  return kinds;
}

std::vector<std::string> MissingEngines() {
  std::vector<std::string> missing;
  for (const char* name : {"rocksdb", "leveldb", "lmdb", "wiredtiger"}) {
    const auto& kinds = AllEngineKinds();
    const bool here = std::any_of(kinds.begin(), kinds.end(),
                                  [name](const EngineKind& kind) { return kind.name == name; });
    if (!here) missing.emplace_back(name);
  }
  return missing;
}

std::string_view CodecName(Codec codec) noexcept {
  switch (codec) {
    case Codec::kNone: return "none";
    case Codec::kFast: return "lz4";
    case Codec::kZstd: return "zstd";
  }
  return "";
}

}  // namespace quiver::bench
