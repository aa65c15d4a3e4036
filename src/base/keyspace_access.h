// What a Keyspace holds, for the engine that makes it and for the batches that name it.
//
// Thread safety: immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "quiver/keyspace.h"

namespace quiver {

struct KeyspaceState;  // the engine's

struct Keyspace::Identity {
  std::uint32_t id;
  std::string name;
  const void* engine;    ///< whose it is
  KeyspaceState* state;  ///< valid while `engine` lives
};

class KeyspaceAccess {
 public:
  static Keyspace Make(std::uint32_t id, std::string name, const void* engine,
                       KeyspaceState* state) {
    return Keyspace(std::make_shared<const Keyspace::Identity>(
        Keyspace::Identity{id, std::move(name), engine, state}));
  }
  /// nullptr if the keyspace is of another engine.
  static KeyspaceState* Resolve(const Keyspace& keyspace, const void* engine) noexcept {
    return keyspace.identity_->engine == engine ? keyspace.identity_->state : nullptr;
  }
  static bool IsSame(const Keyspace& a, const Keyspace& b) noexcept {
    return a.identity_->engine == b.identity_->engine && a.identity_->id == b.identity_->id;
  }
};

}  // namespace quiver
