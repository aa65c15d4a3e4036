// --keyspace NAME: the keyspace that a verb works on.
//
// Thread safety: one thread.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "quiver/database.h"

namespace quiver::cli {

void AddKeyspaceFlag(CLI::App& verb, std::string& name);

/// The keyspace that a name stands for in an open database.
class ChosenKeyspace {
 public:
  /// kNotFound naming the verb that makes one. The empty name is the default keyspace.
  static Result<ChosenKeyspace> Find(const Database& database, const std::string& name);
  /// For options of the library: nullptr is the default keyspace.
  const Keyspace* get() const { return keyspace_ ? &*keyspace_ : nullptr; }

 private:
  std::optional<Keyspace> keyspace_;
};

/// "90s", "15min", "12h", "30d", "250ms"; without a unit seconds. In milliseconds.
Result<std::uint64_t> ParseDuration(const std::string& text);
/// --ttl; 0 stays where it is not given.
void AddTimeToLiveFlag(CLI::App& verb, std::uint64_t& time_to_live_ms);

}  // namespace quiver::cli
