#include "fuzz_target.h"

#include <array>

#include "sign.h"

namespace quiver::fuzz {

namespace {

constexpr std::array kTargets = {
    Target{"segments", FuzzSegments, SignSegments, 8192},
    Target{"manifest", FuzzManifest, SignManifest, 4096},
    Target{"identity", FuzzIdentity, SignIdentity, 512},
    Target{"table", FuzzTable, SignTable, 16384},
    Target{"stored_config", FuzzStoredConfig, SignStoredConfig, 1024},
    Target{"settings", FuzzSettings, nullptr, 1024},
    Target{"batch", FuzzBatch, nullptr, 2048},
    Target{"json_rows", FuzzJsonRows, nullptr, 1024},
    Target{"arrow_import", FuzzArrowImport, nullptr, 8192},
    Target{"codec", FuzzCodec, nullptr, 4096},
    Target{"operations", FuzzOperations, nullptr, 512},
};

}  // namespace

std::span<const Target> Targets() noexcept {
  return kTargets;
}

const Target* FindTarget(std::string_view name) noexcept {
  for (const Target& target : kTargets) {
    if (target.name == name) return &target;
  }
  return nullptr;
}

}  // namespace quiver::fuzz
