#include "io/memory_directory.h"

#include <unistd.h>

#include "base/try.h"
#include "io/file_name.h"
#include "io/memory_file.h"

namespace quiver::io {

namespace {

// Holds a directory for a writer or for one of its readers until destroyed.
class MemoryDirectoryLock final : public DirectoryLock {
 public:
  MemoryDirectoryLock(std::shared_ptr<MemoryDisk> disk, std::string key, std::uint64_t generation,
                      bool for_reading)
      : disk_(std::move(disk)),
        key_(std::move(key)),
        generation_(generation),
        for_reading_(for_reading) {}
  ~MemoryDirectoryLock() override {
    MutexLock lock(disk_->mutex);
    if (generation_ != disk_->generation) return;  // a crash has released it
    MemoryDirectoryNode& node = disk_->directories.find(key_)->second;
    if (for_reading_) {
      --node.reader_count;
    } else {
      node.held_by_writer = false;
    }
  }
  MemoryDirectoryLock(const MemoryDirectoryLock&) = delete;
  MemoryDirectoryLock& operator=(const MemoryDirectoryLock&) = delete;

 private:
  const std::shared_ptr<MemoryDisk> disk_;
  const std::string key_;
  const std::uint64_t generation_;
  const bool for_reading_;
};

Error Busy(const std::filesystem::path& path, std::string_view name) {
  return Error(ErrorCode::kBusy,
               "directory " + path.string() + " is in use by this process (process " +
                   std::to_string(::getpid()) + "); close it there, or wait, then open again",
               std::string(name));
}

Error NotRegular(std::string_view name) {
  return Error(ErrorCode::kCorruption,
               "is not a regular file (a directory stands under a name of the database)",
               std::string(name));
}

}  // namespace

Result<MemoryDirectoryNode*> MemoryDirectory::Node(std::string_view name) const {
  QUIVER_TRY(disk_->CheckAlive(generation_, name));
  return &disk_->directories.find(key_)->second;
}

Result<MemoryDirectoryNode*> MemoryDirectory::NodeOf(const MemoryDirectory& other,
                                                     std::string_view name) const {
  QUIVER_TRY(disk_->CheckAlive(other.generation_, name));
  return &disk_->directories.find(other.key_)->second;
}

bool MemoryDirectory::IsDirectoryIn(const std::string& key, std::string_view name) const {
  std::string path = key;
  if (!path.ends_with('/')) path += '/';
  return disk_->directories.contains(path.append(name));
}

Result<MemoryFileRef> MemoryDirectory::FindFile(std::string_view name) const {
  QUIVER_ASSIGN_OR_RETURN(const MemoryDirectoryNode* const node, Node(name));
  if (IsDirectory(name)) return NotRegular(name);
  MemoryFileRef file = node->Find(name);
  if (file == nullptr) {
    return Error(ErrorCode::kNotFound, "cannot find the file", std::string(name));
  }
  return file;
}

Result<MemoryFileRef> MemoryDirectory::CreateFile(std::string_view name) {
  QUIVER_ASSIGN_OR_RETURN(MemoryDirectoryNode* const node, Node(name));
  if (IsDirectory(name) || node->Find(name) != nullptr) {
    return Error(ErrorCode::kIo, "cannot create the file: the name exists", std::string(name));
  }
  auto file = std::make_shared<MemoryFileNode>();
  node->Link(name, file, disk_->NextOrdinal());
  return file;
}

Result<std::unique_ptr<ReadableFile>> MemoryDirectory::OpenForRead(std::string_view name) {
  QUIVER_TRY(CheckFileName(name));
  MutexLock lock(disk_->mutex);
  QUIVER_ASSIGN_OR_RETURN(MemoryFileRef file, FindFile(name));
  return std::make_unique<MemoryReadableFile>(disk_, std::move(file), std::string(name));
}

Result<std::unique_ptr<WritableFile>> MemoryDirectory::Create(std::string_view name) {
  QUIVER_TRY(CheckFileName(name));
  const MemoryChangeNotice notice(*disk_);
  MutexLock lock(disk_->mutex);
  QUIVER_ASSIGN_OR_RETURN(MemoryFileRef file, CreateFile(name));
  return std::make_unique<MemoryWritableFile>(disk_, std::move(file), std::string(name));
}

Result<std::unique_ptr<LogFile>> MemoryDirectory::CreateLog(std::string_view name,
                                                            LogAccess /*access*/) {
  QUIVER_TRY(CheckFileName(name));
  const MemoryChangeNotice notice(*disk_);
  MutexLock lock(disk_->mutex);
  QUIVER_ASSIGN_OR_RETURN(MemoryFileRef file, CreateFile(name));
  return std::make_unique<MemoryLogFile>(disk_, std::move(file), std::string(name));
}

Result<void> MemoryDirectory::Rename(std::string_view from, std::string_view to) {
  QUIVER_TRY(CheckFileName(from));
  QUIVER_TRY(CheckFileName(to));
  const MemoryChangeNotice notice(*disk_);
  MutexLock lock(disk_->mutex);
  QUIVER_TRY(FindFile(from));
  if (IsDirectory(to)) return NotRegular(to);
  QUIVER_ASSIGN_OR_RETURN(MemoryDirectoryNode* const node, Node(from));
  const MemoryFileRef replaced = from == to ? nullptr : node->Find(to);
  node->Rename(from, to, disk_->NextOrdinal());
  if (replaced != nullptr) disk_->ReleaseIfUnused(*replaced);
  return {};
}

Result<void> MemoryDirectory::Remove(std::string_view name) {
  QUIVER_TRY(CheckFileName(name));
  const MemoryChangeNotice notice(*disk_);
  MutexLock lock(disk_->mutex);
  QUIVER_ASSIGN_OR_RETURN(const MemoryFileRef file, FindFile(name));
  QUIVER_ASSIGN_OR_RETURN(MemoryDirectoryNode* const node, Node(name));
  node->Unlink(name, disk_->NextOrdinal());
  disk_->ReleaseIfUnused(*file);
  return {};
}

Result<void> MemoryDirectory::LinkFrom(Directory& source, std::string_view name) {
  QUIVER_TRY(CheckFileName(name));
  const auto* const other = dynamic_cast<MemoryDirectory*>(&source);
  if (other == nullptr || other->disk_ != disk_) {
    return Error(ErrorCode::kUnsupported, "cannot be linked there, only copied: another disk",
                 std::string(name));
  }
  const MemoryChangeNotice notice(*disk_);
  MutexLock lock(disk_->mutex);
  QUIVER_ASSIGN_OR_RETURN(MemoryDirectoryNode* const node, Node(name));
  QUIVER_ASSIGN_OR_RETURN(const MemoryDirectoryNode* const from, NodeOf(*other, name));
  const MemoryFileRef file = from->Find(name);
  if (IsDirectoryIn(other->key_, name)) return NotRegular(name);
  if (file == nullptr) {
    return Error(ErrorCode::kNotFound, "cannot find the file", std::string(name));
  }
  if (IsDirectory(name) || node->Find(name) != nullptr) {
    return Error(ErrorCode::kIo, "cannot link: the name exists", std::string(name));
  }
  node->Link(name, file, disk_->NextOrdinal());
  return {};
}

Result<std::vector<DirectoryEntry>> MemoryDirectory::List() {
  MutexLock lock(disk_->mutex);
  QUIVER_ASSIGN_OR_RETURN(const MemoryDirectoryNode* const node, Node(path_.native()));
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, file] : node->current()) {
    entries.push_back({name, file->image.current().size(), true});
  }
  for (const auto& [key, directory] : disk_->directories) {
    const std::filesystem::path place(key);
    if (place.parent_path().native() != key_ || key == key_) continue;
    entries.push_back({place.filename().string(), 0, false});
  }
  return entries;
}

Result<void> MemoryDirectory::Sync() {
  const MemoryChangeNotice notice(*disk_);
  MutexLock lock(disk_->mutex);
  QUIVER_ASSIGN_OR_RETURN(MemoryDirectoryNode* const node, Node(path_.native()));
  node->Sync();
  return {};
}

Result<std::unique_ptr<DirectoryLock>> MemoryDirectory::Lock(std::string_view name) {
  QUIVER_TRY(CheckFileName(name));
  const MemoryChangeNotice notice(*disk_);
  MutexLock lock(disk_->mutex);
  QUIVER_ASSIGN_OR_RETURN(MemoryDirectoryNode* const node, Node(name));
  if (IsDirectory(name)) return NotRegular(name);
  if (node->held_by_writer || node->reader_count > 0) return Busy(path_, name);
  // The real lock file shows in the directory too, and stays there.
  if (node->Find(name) == nullptr) {
    node->Link(name, std::make_shared<MemoryFileNode>(), disk_->NextOrdinal());
  }
  node->held_by_writer = true;
  return std::make_unique<MemoryDirectoryLock>(disk_, key_, generation_, /*for_reading=*/false);
}

Result<std::unique_ptr<DirectoryLock>> MemoryDirectory::LockForReading(std::string_view name) {
  QUIVER_TRY(CheckFileName(name));
  MutexLock lock(disk_->mutex);
  QUIVER_ASSIGN_OR_RETURN(MemoryDirectoryNode* const node, Node(name));
  if (IsDirectory(name)) return NotRegular(name);
  if (node->held_by_writer) return Busy(path_, name);
  if (node->Find(name) == nullptr) return nullptr;
  ++node->reader_count;
  return std::make_unique<MemoryDirectoryLock>(disk_, key_, generation_, /*for_reading=*/true);
}

Result<std::uint64_t> MemoryDirectory::FreeBytes() {
  MutexLock lock(disk_->mutex);
  QUIVER_TRY(Node(path_.native()));
  return disk_->free_bytes;
}

}  // namespace quiver::io
