#include "io/memory_file_system.h"

#include <utility>

#include "base/try.h"
#include "io/file_name.h"
#include "io/memory_directory.h"

namespace quiver::io {

namespace {

// The path as a key of the disk's directories: absolute, without dots and a slash at the end.
std::filesystem::path Normalised(const std::filesystem::path& path) {
  std::filesystem::path normal = (std::filesystem::path("/") / path).lexically_normal();
  if (!normal.has_filename()) normal = normal.parent_path();
  return normal;
}

}  // namespace

Result<std::unique_ptr<Directory>> MemoryFileSystem::OpenDirectory(
    const std::filesystem::path& path, bool create) {
  QUIVER_TRY(CheckDirectoryPath(path));
  const std::filesystem::path place = Normalised(path);
  const std::filesystem::path parent = place.parent_path();
  MutexLock lock(disk_->mutex);
  const auto parent_found = disk_->directories.find(parent.native());
  if (parent_found != disk_->directories.end() &&
      parent_found->second.Find(place.filename().native()) != nullptr) {
    return Error(ErrorCode::kInvalidArgument, "the path does not name a directory", path.string());
  }
  if (!disk_->directories.contains(place.native())) {
    if (!create) {
      return Error(ErrorCode::kNotFound, "cannot open the directory: there is none", path.string());
    }
    if (parent != parent.root_path() && parent_found == disk_->directories.end()) {
      return Error(ErrorCode::kNotFound, "cannot create the directory: its parent does not exist",
                   path.string());
    }
    disk_->directories.try_emplace(place.native());
  }
  return std::make_unique<MemoryDirectory>(disk_, place.native(), path, disk_->generation);
}

void MemoryFileSystem::Crash(const CrashModel& model) {
  MutexLock lock(disk_->mutex);
  disk_->Restart(disk_->DirectoriesAfterCrash(model));
}

std::unique_ptr<MemoryFileSystem> MemoryFileSystem::CrashImage(const CrashModel& model) const {
  auto image = std::make_unique<MemoryFileSystem>();
  MutexLock lock(disk_->mutex);
  MutexLock image_lock(image->disk_->mutex);
  image->disk_->free_bytes = disk_->free_bytes;
  image->disk_->used_bytes = disk_->used_bytes;
  image->disk_->Restart(disk_->DirectoriesAfterCrash(model));
  return image;
}

std::set<std::uint64_t> MemoryFileSystem::UnsyncedChanges() const {
  MutexLock lock(disk_->mutex);
  std::set<std::uint64_t> ordinals;
  for (const auto& [path, directory] : disk_->directories) directory.AddUnsynced(ordinals);
  return ordinals;
}

std::size_t MemoryFileSystem::open_file_count() const {
  MutexLock lock(disk_->mutex);
  std::size_t count = 0;
  for (const auto& [path, directory] : disk_->directories) {
    for (const auto& [name, file] : directory.current()) count += file->open_count;
  }
  return count;
}

void MemoryFileSystem::SetObserver(std::function<void()> observer) {
  auto shared =
      observer ? std::make_shared<const std::function<void()>>(std::move(observer)) : nullptr;
  MutexLock lock(disk_->mutex);
  disk_->observer.swap(shared);
}

void MemoryFileSystem::SetFreeBytes(std::uint64_t free_bytes) {
  MutexLock lock(disk_->mutex);
  disk_->free_bytes = free_bytes;
}

}  // namespace quiver::io
