#include "fuzz_target.h"

#include <array>

#include "change.h"
#include "sign.h"

namespace quiver::fuzz {

namespace {

constexpr std::array kTargets = {
    Target{"segments", FuzzSegments, SignSegments, ChangeSegments, 8192},
    Target{"manifest", FuzzManifest, SignManifest, ChangeManifest, 4096},
    Target{"identity", FuzzIdentity, SignIdentity, nullptr, 512},
    Target{"table", FuzzTable, SignTable, nullptr, 16384},
    Target{"stored_config", FuzzStoredConfig, SignStoredConfig, nullptr, 1024},
    Target{"settings", FuzzSettings, nullptr, nullptr, 1024},
    Target{"batch", FuzzBatch, nullptr, ChangeBatch, 2048},
    Target{"json_rows", FuzzJsonRows, nullptr, nullptr, 1024},
    Target{"arrow_import", FuzzArrowImport, nullptr, nullptr, 8192},
    Target{"codec", FuzzCodec, nullptr, nullptr, 4096},
    Target{"backup_record", FuzzBackupRecord, SignBackupRecord, nullptr, 1024},
    Target{"operations", FuzzOperations, nullptr, nullptr, 512},
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
