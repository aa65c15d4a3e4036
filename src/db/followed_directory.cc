#include "db/followed_directory.h"

#include <algorithm>
#include <span>

#include "base/try.h"
#include "db/checkpoint.h"
#include "wal/wal_format.h"

namespace quiver {

namespace {

class HeldFile : public io::ReadableFile {
 public:
  explicit HeldFile(std::shared_ptr<const io::ReadableFile> base) : base_(std::move(base)) {}
  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override {
    return base_->ReadAt(offset, buffer);
  }
  std::uint64_t size_bytes() const override { return base_->size_bytes(); }
  const std::string& name() const override { return base_->name(); }

 private:
  const std::shared_ptr<const io::ReadableFile> base_;
};

// The writer cuts off what it had reserved and not used when it seals a segment; that held zeros,
// and so it still reads.
class HeldSegment final : public HeldFile {
 public:
  using HeldFile::HeldFile;
  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override {
    if (offset >= size_bytes()) return std::size_t{0};
    buffer = buffer.first(std::min<std::uint64_t>(buffer.size(), size_bytes() - offset));
    QUIVER_ASSIGN_OR_RETURN(const std::size_t read_bytes, HeldFile::ReadAt(offset, buffer));
    std::ranges::fill(buffer.subspan(read_bytes), std::byte{0});
    return buffer.size();
  }
};

}  // namespace

Result<void> FollowedDirectory::HoldLog(std::uint64_t first_segment) {
  QUIVER_ASSIGN_OR_RETURN(const std::vector<io::DirectoryEntry> entries, base_->List());
  segments_.clear();
  for (const io::DirectoryEntry& entry : entries) {
    const std::uint64_t number = wal::ParseSegmentName(entry.name);
    if (number == 0 || number < first_segment) continue;
    auto file = base_->OpenForRead(entry.name);
    if (file) {
      segments_.emplace(entry.name, *std::move(file));
    } else if (file.error().code() != ErrorCode::kNotFound) {
      return file.error();
    }
    // One that is gone already may be needed: the chain of the others tells.
  }
  holds_log_ = true;
  return {};
}

Result<bool> FollowedDirectory::HoldTables(const Catalog& catalog) {
  const HeldFiles before = std::exchange(tables_, {});
  Result<bool> result = true;
  ForEachTable(catalog, [&](const KeyspaceRecord&, const TableFileRef& table) {
    if (!result) return;
    std::string name = TableName(table->summary.number);
    if (const auto held = before.find(name); held != before.end()) {
      tables_.insert(*held);
      return;
    }
    auto file = base_->OpenForRead(name);
    if (file) {
      tables_.emplace(std::move(name), *std::move(file));
    } else if (file.error().code() == ErrorCode::kNotFound) {
      result = false;
    } else {
      result = file.error();
    }
  });
  return result;
}

Result<std::unique_ptr<io::ReadableFile>> FollowedDirectory::OpenForRead(std::string_view name) {
  if (const auto segment = segments_.find(name); segment != segments_.end()) {
    return std::make_unique<HeldSegment>(segment->second);
  }
  if (const auto table = tables_.find(name); table != tables_.end()) {
    return std::make_unique<HeldFile>(table->second);
  }
  return base_->OpenForRead(name);
}

Result<std::vector<io::DirectoryEntry>> FollowedDirectory::List() {
  QUIVER_ASSIGN_OR_RETURN(std::vector<io::DirectoryEntry> entries, base_->List());
  if (!holds_log_) return entries;
  std::erase_if(entries, [this](const io::DirectoryEntry& entry) {
    return wal::ParseSegmentName(entry.name) != 0 || tables_.contains(entry.name);
  });
  for (const HeldFiles* const held : {&segments_, &tables_}) {
    for (const auto& [name, file] : *held) entries.push_back({name, file->size_bytes(), true});
  }
  return entries;
}

Result<std::unique_ptr<io::DirectoryLock>> FollowedDirectory::LockForReading(
    std::string_view name) {
  return base_->LockForReading(name);
}

Error FollowedDirectory::Refusal(std::string_view name) const {
  return Error(ErrorCode::kReadOnly, "the directory is another process's; a follower only reads",
               std::string(name));
}

Result<std::unique_ptr<io::WritableFile>> FollowedDirectory::Create(std::string_view name) {
  return Refusal(name);
}
Result<std::unique_ptr<io::LogFile>> FollowedDirectory::CreateLog(std::string_view name,
                                                                  io::LogAccess /*access*/) {
  return Refusal(name);
}
Result<void> FollowedDirectory::Rename(std::string_view from, std::string_view /*to*/) {
  return Refusal(from);
}
Result<void> FollowedDirectory::Remove(std::string_view name) {
  return Refusal(name);
}
Result<void> FollowedDirectory::LinkFrom(io::Directory& /*source*/, std::string_view name) {
  return Refusal(name);
}
Result<void> FollowedDirectory::Sync() {
  return Refusal(path().native());
}
Result<std::unique_ptr<io::DirectoryLock>> FollowedDirectory::Lock(std::string_view name) {
  return Refusal(name);
}

}  // namespace quiver
