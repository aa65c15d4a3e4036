#include "io/memory_disk.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"

namespace quiver::io {

MemoryFileRef MemoryDirectoryNode::Find(std::string_view name) const {
  const auto found = current_.find(name);
  return found == current_.end() ? nullptr : found->second;
}

void MemoryDirectoryNode::Apply(const Change& change, MemoryNames& names) {
  for (const Assignment& assignment : change) {
    if (assignment.file == nullptr) {
      names.erase(assignment.name);
    } else {
      names[assignment.name] = assignment.file;
    }
  }
}

void MemoryDirectoryNode::Record(Change change) {
  for (const Assignment& assignment : change) {
    if (const MemoryFileRef before = Find(assignment.name)) --before->link_count;
    if (assignment.file != nullptr) ++assignment.file->link_count;
  }
  Apply(change, current_);
  unsynced_.push_back(std::move(change));
}

void MemoryDirectoryNode::Link(std::string_view name, MemoryFileRef file) {
  Record({{std::string(name), std::move(file)}});
}

void MemoryDirectoryNode::Unlink(std::string_view name) {
  Record({{std::string(name), nullptr}});
}

void MemoryDirectoryNode::Rename(std::string_view from, std::string_view to) {
  if (from == to) return;
  Record({{std::string(from), nullptr}, {std::string(to), Find(from)}});
}

void MemoryDirectoryNode::Sync() {
  durable_ = current_;
  unsynced_.clear();
}

MemoryNames MemoryDirectoryNode::AfterCrash(Random* random) const {
  MemoryNames names = durable_;
  if (random == nullptr) return names;
  std::set<std::string_view> lost;  // names of which some change did not survive
  for (const Change& change : unsynced_) {
    const bool possible = std::none_of(change.begin(), change.end(), [&](const Assignment& part) {
      return lost.contains(part.name);
    });
    if (possible && random->OneIn(2)) {
      Apply(change, names);
    } else {
      for (const Assignment& part : change) lost.insert(part.name);
    }
  }
  return names;
}

Result<void> MemoryDisk::CheckAlive(std::uint64_t handle_generation, std::string_view name) const {
  if (handle_generation == generation) return {};
  return Error(ErrorCode::kIo, "was opened before the simulated crash; open it again",
               std::string(name));
}

bool MemoryDisk::TakeSpace(std::uint64_t grow_bytes) {
  if (grow_bytes > free_bytes) return false;
  free_bytes -= grow_bytes;
  used_bytes += grow_bytes;
  return true;
}

void MemoryDisk::ReturnSpace(std::uint64_t bytes) {
  QUIVER_CHECK(bytes <= used_bytes);
  free_bytes += bytes;
  used_bytes -= bytes;
}

void MemoryDisk::ReleaseIfUnused(const MemoryFileNode& file) {
  if (file.link_count == 0 && file.open_count == 0) ReturnSpace(file.image.current().size());
}

MemoryDirectories MemoryDisk::DirectoriesAfterCrash(Random* random) const {
  MemoryDirectories result;
  for (const auto& [path, directory] : directories) {
    MemoryNames names;
    for (const auto& [name, file] : directory.AfterCrash(random)) {
      auto copy = std::make_shared<MemoryFileNode>();
      copy->image = MemoryFileImage(file->image.AfterCrash(random));
      copy->link_count = 1;
      names.emplace(name, std::move(copy));
    }
    result.emplace(path, MemoryDirectoryNode(std::move(names)));
  }
  return result;
}

void MemoryDisk::Restart(MemoryDirectories found) {
  std::uint64_t found_bytes = 0;
  for (const auto& [path, directory] : found) {
    for (const auto& [name, file] : directory.current())
      found_bytes += file->image.current().size();
  }
  // A removed file that came back may need more room than its removal left.
  const std::uint64_t total_bytes = free_bytes + used_bytes;
  free_bytes = total_bytes - std::min(total_bytes, found_bytes);
  used_bytes = found_bytes;
  directories = std::move(found);
  ++generation;
}

}  // namespace quiver::io
