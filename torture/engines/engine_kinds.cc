// The engines of this build: Quiver, and those whose libraries CMake found.
#include <array>
#include <utility>

#include "engines/engine.h"

namespace quiver::torture {

EngineKind QuiverEngineKind();
#ifdef QUIVER_TORTURE_ROCKSDB
EngineKind RocksDbEngineKind();
#endif
#ifdef QUIVER_TORTURE_LEVELDB
EngineKind LevelDbEngineKind();
#endif
#ifdef QUIVER_TORTURE_LMDB
EngineKind LmdbEngineKind();
#endif
#ifdef QUIVER_TORTURE_SQLITE
EngineKind SqliteEngineKind();
#endif

Result<void> Engine::Put(std::string_view key, std::string_view value) {
  const std::array changes{Change{std::string(key), std::string(value)}};
  if (auto written = Write(changes, false); !written) return written.error();
  return {};
}

Result<void> Engine::Delete(std::string_view key) {
  const std::array changes{Change{std::string(key), std::nullopt}};
  if (auto written = Write(changes, false); !written) return written.error();
  return {};
}

const std::vector<EngineKind>& EngineKinds() {
  static const std::vector<EngineKind> kinds{
      QuiverEngineKind(),
#ifdef QUIVER_TORTURE_ROCKSDB
      RocksDbEngineKind(),
#endif
#ifdef QUIVER_TORTURE_LEVELDB
      LevelDbEngineKind(),
#endif
#ifdef QUIVER_TORTURE_LMDB
      LmdbEngineKind(),
#endif
#ifdef QUIVER_TORTURE_SQLITE
      SqliteEngineKind(),
#endif
  };
  return kinds;
}

const std::vector<PeerCase>& PeerCases() {
  static const std::vector<PeerCase> cases = [] {
    std::vector<PeerCase> made;
    for (const auto& [durability, checks] : {std::pair(Durability::kSync, Checks::kDefault),
                                             std::pair(Durability::kAsync, Checks::kDefault),
                                             std::pair(Durability::kSync, Checks::kStrictest)}) {
      for (const EngineKind& kind : EngineKinds()) {
        const bool strictest = checks == Checks::kStrictest;
        if (kind.name == "quiver" || (strictest && !kind.has_stricter_checks)) continue;
        made.push_back({.engine = kind.name,
                        .durability = durability,
                        .checks = checks,
                        .label = kind.name + (strictest ? "_strictest_" : "_") +
                                 std::string(DurabilityName(durability))});
      }
    }
    return made;
  }();
  return cases;
}

Result<const EngineKind*> FindEngine(std::string_view name) {
  std::string known;
  for (const EngineKind& kind : EngineKinds()) {
    if (kind.name == name) return &kind;
    known += (known.empty() ? "" : ", ") + kind.name;
  }
  return Error(ErrorCode::kNotFound,
               "no engine '" + std::string(name) + "' in this build; there are " + known);
}

std::string_view DurabilityName(Durability durability) noexcept {
  switch (durability) {
    case Durability::kSync: return "sync";
    case Durability::kBatch: return "batch";
    case Durability::kAsync: return "async";
  }
  return "unknown";
}

std::string_view ChecksName(Checks checks) noexcept {
  return checks == Checks::kDefault ? "default" : "strictest";
}

}  // namespace quiver::torture
