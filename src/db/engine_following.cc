// What an engine does that follows a database of another process.
#include <algorithm>
#include <array>

#include "base/try.h"
#include "db/checkpoint.h"
#include "db/engine.h"
#include "version/identity_file.h"

namespace quiver {

// At once, so that no compaction of the writer can take one away later.
Result<void> Engine::OpenAllTables() {
  const CatalogRef catalog = versions_->catalog();
  Result<void> result;
  ForEachTable(*catalog, [&](const KeyspaceRecord&, const TableFileRef& table) {
    if (!result) return;
    if (const auto opened = table_cache_->Pin(table->slot, table->summary); !opened) {
      result = opened.error();
    }
  });
  return result;
}

// Whatever cannot be read may be what the writer has just replaced: that is news.
Result<bool> Engine::HasNews() const {
  QUIVER_ASSIGN_OR_RETURN(const auto directory, environment_.file_system->OpenDirectory(
                                                    directory_->path(), /*create=*/false));
  const auto id = ReadIdentityFile(*directory);
  if (!id || *id != versions_->database_id()) return true;
  const auto manifest = ReadCurrentFile(*directory, *id);
  if (!manifest || ManifestName(*manifest) != versions_->manifest_name()) return true;
  const auto manifest_file = directory->OpenForRead(versions_->manifest_name());
  if (!manifest_file || (*manifest_file)->size_bytes() != versions_->manifest_bytes()) return true;
  if (log_end_.segment_number == 0) return true;
  // Behind a log that was closed, the next open begins a segment that nothing has announced, and
  // the manifest need not change.
  if (report_.clean_shutdown) {
    QUIVER_ASSIGN_OR_RETURN(const std::vector<io::DirectoryEntry> entries, directory->List());
    return std::ranges::any_of(entries, [this](const io::DirectoryEntry& entry) {
      return wal::ParseSegmentName(entry.name) > log_end_.segment_number;
    });
  }
  // Else a next segment begins only after a trailer in this one, so there is one place to look.
  const auto segment = directory->OpenForRead(wal::SegmentName(log_end_.segment_number));
  if (!segment) return true;
  std::array<std::byte, 16> next{};
  const auto read = (*segment)->ReadAt(log_end_.length_bytes, next);
  return !read || next != std::array<std::byte, 16>{};
}

}  // namespace quiver
