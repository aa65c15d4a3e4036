#include "version/catalog_builder.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/try.h"

namespace quiver {

namespace {

Error DoesNotFit(std::uint32_t id, std::string_view what) {
  return Error(ErrorCode::kInternal, "the edit does not fit the database: keyspace " +
                                         std::to_string(id) + ": " + std::string(what));
}

}  // namespace

CatalogBuilder::CatalogBuilder(const Catalog& base) : next_id_(base.next_id()) {
  for (const KeyspaceRecord& keyspace : base.keyspaces()) keyspaces_.emplace(keyspace.id, keyspace);
}

Result<void> CatalogBuilder::Apply(const VersionEdit& edit) {
  for (const auto& keyspace : edit.keyspaces) QUIVER_TRY(Record(keyspace));
  if (edit.next_keyspace_id) {
    if (*edit.next_keyspace_id < next_id_ ||
        *edit.next_keyspace_id > std::numeric_limits<std::uint32_t>::max()) {
      return DoesNotFit(next_id_, "the next id to hand out goes back or is too large");
    }
    next_id_ = static_cast<std::uint32_t>(*edit.next_keyspace_id);
  }
  for (const auto& table : edit.removed) {
    QUIVER_ASSIGN_OR_RETURN(VersionBuilder* const builder, BuilderOf(table.keyspace));
    QUIVER_TRY(builder->Remove(table));
  }
  for (const auto& table : edit.added) {
    QUIVER_ASSIGN_OR_RETURN(VersionBuilder* const builder, BuilderOf(table.keyspace));
    QUIVER_TRY(builder->Add(table));
  }
  for (auto& [id, builder] : builders_) builder.EndEdit();
  for (const auto& table : edit.cleaned) {
    QUIVER_ASSIGN_OR_RETURN(VersionBuilder* const builder, BuilderOf(table.keyspace));
    QUIVER_TRY(builder->Clean(table));
  }
  for (const auto& entry : edit.added_range_deletes) {
    QUIVER_ASSIGN_OR_RETURN(VersionBuilder* const builder, BuilderOf(entry.keyspace));
    QUIVER_TRY(builder->AddRangeDelete(entry.range));
  }
  for (const auto& entry : edit.removed_range_deletes) {
    QUIVER_ASSIGN_OR_RETURN(VersionBuilder* const builder, BuilderOf(entry.keyspace));
    QUIVER_TRY(builder->RemoveRangeDelete(entry.range));
  }
  for (const auto& flushed : edit.keyspace_flushed) {
    const auto found = keyspaces_.find(flushed.id);
    if (found == keyspaces_.end()) return DoesNotFit(flushed.id, "it was flushed but is not there");
    if (flushed.sequence < found->second.flushed_sequence) {
      return DoesNotFit(flushed.id, "its flushed sequence goes back");
    }
    found->second.flushed_sequence = flushed.sequence;
  }
  for (const std::uint32_t id : edit.dropped_keyspaces) QUIVER_TRY(Drop(id));
  return {};
}

Result<void> CatalogBuilder::Record(const VersionEdit::RecordedKeyspace& recorded) {
  const auto found = keyspaces_.find(recorded.id);
  if (found != keyspaces_.end()) {
    if (found->second.name != recorded.name) return DoesNotFit(recorded.id, "it changes its name");
    found->second.settings = recorded.settings;
    return {};
  }
  for (const auto& [id, keyspace] : keyspaces_) {
    if (keyspace.name == recorded.name) {
      return DoesNotFit(recorded.id, "its name is that of keyspace " + std::to_string(id));
    }
  }
  KeyspaceRecord keyspace;
  keyspace.id = recorded.id;
  keyspace.name = recorded.name;
  keyspace.settings = recorded.settings;
  keyspace.version = std::make_shared<const Version>(std::vector<Level>());
  keyspaces_.emplace(recorded.id, std::move(keyspace));
  next_id_ = std::max(next_id_, recorded.id + 1);
  return {};
}

Result<void> CatalogBuilder::Drop(std::uint32_t id) {
  if (id == kDefaultKeyspaceId || keyspaces_.erase(id) == 0) {
    return DoesNotFit(id, "it is to go but is not there");
  }
  builders_.erase(id);
  return {};
}

Result<VersionBuilder*> CatalogBuilder::BuilderOf(std::uint32_t id) {
  const auto found = builders_.find(id);
  if (found != builders_.end()) return &found->second;
  const auto keyspace = keyspaces_.find(id);
  if (keyspace == keyspaces_.end()) {
    return DoesNotFit(id, "the edit is about its tables but it is not there");
  }
  return &builders_.emplace(id, VersionBuilder(*keyspace->second.version)).first->second;
}

CatalogRef CatalogBuilder::Build() && {
  for (auto& [id, builder] : builders_) keyspaces_.at(id).version = std::move(builder).Build();
  std::vector<KeyspaceRecord> keyspaces;
  keyspaces.reserve(keyspaces_.size());
  for (auto& [id, keyspace] : keyspaces_) keyspaces.push_back(std::move(keyspace));
  return std::make_shared<const Catalog>(std::move(keyspaces), next_id_);
}

}  // namespace quiver
