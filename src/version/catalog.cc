#include "version/catalog.h"

#include <algorithm>

#include "base/try.h"

namespace quiver {

const KeyspaceRecord* Catalog::Find(std::uint32_t id) const noexcept {
  const auto found = std::ranges::lower_bound(keyspaces_, id, {}, &KeyspaceRecord::id);
  return found != keyspaces_.end() && found->id == id ? &*found : nullptr;
}

const KeyspaceRecord* Catalog::FindByName(std::string_view name) const noexcept {
  const auto found = std::ranges::find(keyspaces_, name, &KeyspaceRecord::name);
  return found != keyspaces_.end() ? &*found : nullptr;
}

std::uint64_t Catalog::size_bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (const KeyspaceRecord& keyspace : keyspaces_) bytes += keyspace.version->size_bytes();
  return bytes;
}

SequenceNumber Catalog::largest_sequence() const noexcept {
  SequenceNumber largest = 0;
  for (const KeyspaceRecord& keyspace : keyspaces_) {
    largest = std::max(largest, keyspace.version->largest_sequence());
  }
  return largest;
}

Result<void> Catalog::Validate() const {
  for (const KeyspaceRecord& keyspace : keyspaces_) {
    if (const Result<void> valid = keyspace.version->Validate(); !valid) {
      return keyspace.id == kDefaultKeyspaceId
                 ? valid.error()
                 : valid.error().WithContext("keyspace " + keyspace.name);
    }
  }
  return {};
}

CatalogRef NewEmptyCatalog() {
  std::vector<KeyspaceRecord> keyspaces(1);
  keyspaces.front().version = std::make_shared<const Version>(std::vector<Level>());
  return std::make_shared<const Catalog>(std::move(keyspaces), kDefaultKeyspaceId + 1);
}

}  // namespace quiver
