// Keyspaces of an open database: made, found, listed, dropped.
#include <algorithm>

#include "base/escape.h"
#include "base/keyspace_access.h"
#include "base/try.h"
#include "config/config_table.h"
#include "db/engine.h"
#include "db/keyspace_settings.h"

namespace quiver {

namespace {

constexpr std::size_t kNamesInError = 8;

// Programs of several languages read it, so it names what there is and no function.
Error NoKeyspace(std::string_view name, const std::vector<KeyspaceState*>& all) {
  std::string message = "there is no keyspace \"" + EscapeBytes(name) + "\", only ";
  for (std::size_t i = 0; i < std::min(all.size(), kNamesInError); ++i) {
    message += (i == 0 ? "\"" : ", \"") + EscapeBytes(all[i]->name) + "\"";
  }
  if (all.size() > kNamesInError) {
    message += " and " + std::to_string(all.size() - kNamesInError) + " more";
  }
  return {ErrorCode::kNotFound, message + "; correct the name, or create the keyspace first"};
}

Result<void> CheckSettings(const DatabaseConfig& database, const DatabaseConfig& keyspace) {
  QUIVER_TRY(CheckKeyspaceSettings(database, keyspace));
  const std::vector<ConfigViolation> violations = ValidateConfig(keyspace);
  if (violations.empty()) return {};
  std::string message =
      "the settings of the keyspace break " + std::to_string(violations.size()) + " rule(s):";
  for (const ConfigViolation& violation : violations) message += "\n  " + violation.ToString();
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace

Result<KeyspaceState*> Engine::ResolveNamed(const Keyspace& keyspace) const {
  KeyspaceState* const state = KeyspaceAccess::Resolve(keyspace, this);
  if (state == nullptr) {
    return Error(ErrorCode::kInvalidArgument,
                 "the keyspace " + keyspace.name() +
                     " belongs to another database or another opening of this one; get it with "
                     "OpenKeyspace() of the database that is used");
  }
  if (state->dropped.load(std::memory_order_acquire)) {
    return DroppedKeyspaceError(*state);
  }
  return state;
}

Keyspace Engine::HandleOf(KeyspaceState& state) const {
  return KeyspaceAccess::Make(state.id, state.name, this, &state);
}

Result<Keyspace> Engine::CreateKeyspace(std::string_view name, const DatabaseConfig& config) {
  QUIVER_TRY(CheckWritable());
  QUIVER_TRY(health_.CheckWritable());
  QUIVER_TRY(CheckKeyspaceName(name));
  QUIVER_TRY(CheckSettings(config_, config));
  QUIVER_TRY(CheckMergeOperator(config));
  MutexLock lock(keyspace_mutex_);
  if (keyspaces_.FindByName(name) != nullptr) {
    return Error(ErrorCode::kInvalidArgument, "there is a keyspace \"" + EscapeBytes(name) +
                                                  "\" already; get it with OpenKeyspace");
  }
  VersionEdit edit;
  const std::uint32_t id = versions_->catalog()->next_id();
  edit.keyspaces.push_back({id, std::string(name), FormatKeyspaceSettings(config)});
  QUIVER_TRY(
      worker_->ApplyEdit(edit, [&] { AddKeyspace(*versions_->catalog()->Find(id), config); }));
  return HandleOf(*keyspaces_.Find(id));
}

Result<Keyspace> Engine::OpenKeyspace(std::string_view name) const {
  QUIVER_TRY(CheckOpen());
  KeyspaceState* const state = keyspaces_.FindByName(name);
  if (state == nullptr) return NoKeyspace(name, keyspaces_.All());
  return HandleOf(*state);
}

Result<std::vector<Keyspace>> Engine::ListKeyspaces() const {
  QUIVER_TRY(CheckOpen());
  std::vector<Keyspace> list;
  for (KeyspaceState* state : keyspaces_.All()) list.push_back(HandleOf(*state));
  return list;
}

// The mark is set between two groups of writes: those before it are done, later ones are refused.
// Set while one waits for room, it would keep the flush away that makes the room. Then the manifest
// forgets the keyspace, after which no job's edit about it can follow.
Result<void> Engine::DropKeyspace(const Keyspace& keyspace) {
  QUIVER_TRY(CheckWritable());
  QUIVER_TRY(health_.CheckWritable());
  MutexLock lock(keyspace_mutex_);
  QUIVER_ASSIGN_OR_RETURN(KeyspaceState* const state, ResolveNamed(keyspace));
  if (state->id == kDefaultKeyspaceId) {
    return Error(ErrorCode::kInvalidArgument, "the default keyspace cannot be dropped");
  }
  VersionEdit edit;
  edit.dropped_keyspaces.push_back(state->id);
  write_path_->Drain([&] { state->dropped.store(true, std::memory_order_release); });
  Result<void> applied = worker_->ApplyEdit(edit, [&] {
    obsolete_files_->AddAll(*state->state.views().Pin()->version);
    state->state.Clear();
  });
  if (!applied) {
    state->dropped.store(false, std::memory_order_release);
    return applied;
  }
  return {};
}

Result<DatabaseConfig> Engine::KeyspaceConfig(const Keyspace& keyspace) const {
  QUIVER_TRY(CheckOpen());
  QUIVER_ASSIGN_OR_RETURN(const KeyspaceState* const state, ResolveNamed(keyspace));
  return state->config;
}

}  // namespace quiver
