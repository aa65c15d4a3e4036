#include "quiver/keyspace.h"

#include "base/keyspace_access.h"

namespace quiver {

Keyspace::Keyspace(std::shared_ptr<const Identity> identity) noexcept
    : identity_(std::move(identity)) {}

std::uint32_t Keyspace::id() const noexcept {
  return identity_->id;
}

const std::string& Keyspace::name() const noexcept {
  return identity_->name;
}

}  // namespace quiver
