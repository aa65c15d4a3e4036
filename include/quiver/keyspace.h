// Keyspace: a named, ordered set of keys of its own inside a database.
//
//   auto users = db->CreateKeyspace("users", config);      // or OpenKeyspace, if it exists
//   db->Put("ada", "1815", {.keyspace = &*users});
//   batch.Put(*users, "ada", "1815");                      // atomic with other keyspaces
//
// All keyspaces share the log, the sequence numbers, the cache and the threads, so a batch over
// several is atomic and a snapshot shows all of them at one moment. Each has memtables, tables and
// per-keyspace settings of its own (docs/keyspaces.md). Every database has the keyspace "default",
// which is meant wherever none is named.
//
// A Keyspace is a small value and may be copied. It may outlive its database, which then refuses
// it; after DropKeyspace every use answers kNotFound.
//
// Thread safety: may be read by many threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace quiver {

class Keyspace {
 public:
  std::uint32_t id() const noexcept;
  const std::string& name() const noexcept;

 private:
  friend class KeyspaceAccess;
  struct Identity;
  explicit Keyspace(std::shared_ptr<const Identity> identity) noexcept;
  std::shared_ptr<const Identity> identity_;
};

}  // namespace quiver
