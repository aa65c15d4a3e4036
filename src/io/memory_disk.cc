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

bool MemoryDirectoryNode::Change::removes_only() const {
  return std::all_of(parts.begin(), parts.end(),
                     [](const Assignment& part) { return part.file == nullptr; });
}

void MemoryDirectoryNode::Apply(const Change& change, MemoryNames& names) {
  for (const Assignment& assignment : change.parts) {
    if (assignment.file == nullptr) {
      names.erase(assignment.name);
    } else {
      names[assignment.name] = assignment.file;
    }
  }
}

void MemoryDirectoryNode::Record(Change change) {
  for (const Assignment& assignment : change.parts) {
    if (const MemoryFileRef before = Find(assignment.name)) --before->link_count;
    if (assignment.file != nullptr) ++assignment.file->link_count;
  }
  Apply(change, current_);
  unsynced_.push_back(std::move(change));
}

void MemoryDirectoryNode::Link(std::string_view name, MemoryFileRef file, std::uint64_t ordinal) {
  Record({{{std::string(name), std::move(file)}}, ordinal});
}

void MemoryDirectoryNode::Unlink(std::string_view name, std::uint64_t ordinal) {
  Record({{{std::string(name), nullptr}}, ordinal});
}

void MemoryDirectoryNode::Rename(std::string_view from, std::string_view to,
                                 std::uint64_t ordinal) {
  if (from == to) return;
  Record({{{std::string(from), nullptr}, {std::string(to), Find(from)}}, ordinal});
}

void MemoryDirectoryNode::Sync() {
  durable_ = current_;
  unsynced_.clear();
}

void MemoryDirectoryNode::AddUnsynced(std::set<std::uint64_t>& ordinals) const {
  for (const Change& change : unsynced_) {
    ordinals.insert(change.ordinal);
    for (const Assignment& part : change.parts) {
      if (part.file != nullptr) part.file->image.AddUnsynced(ordinals);
    }
  }
  for (const auto& [name, file] : durable_) file->image.AddUnsynced(ordinals);
}

MemoryNames MemoryDirectoryNode::AfterCrash(const CrashModel& model) const {
  using Loss = CrashModel::Loss;
  if (model.loss == Loss::kUnsynced || model.loss == Loss::kNames) return durable_;
  if (model.loss == Loss::kNothing || model.loss == Loss::kData) return current_;
  const auto arrives = [&](const Change& change) {
    if (model.loss == Loss::kChosen) return model.Keeps(change.ordinal);
    if (model.loss == Loss::kAllButRemovals) return change.removes_only();
    return model.random->OneIn(2);
  };
  MemoryNames names = durable_;
  std::set<std::string_view> lost;  // names of which some change did not survive
  for (const Change& change : unsynced_) {
    const bool possible =
        std::none_of(change.parts.begin(), change.parts.end(),
                     [&](const Assignment& part) { return lost.contains(part.name); });
    if (possible && arrives(change)) {
      Apply(change, names);
    } else {
      for (const Assignment& part : change.parts) lost.insert(part.name);
    }
  }
  return names;
}

MemoryChangeNotice::~MemoryChangeNotice() {
  MutexLock lock(disk_.mutex);
  const std::shared_ptr<const std::function<void()>> observer = disk_.observer;
  lock.Unlock();
  if (observer != nullptr) (*observer)();
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

MemoryDirectories MemoryDisk::DirectoriesAfterCrash(const CrashModel& model) const {
  MemoryDirectories result;
  for (const auto& [path, directory] : directories) {
    MemoryNames names;
    for (const auto& [name, file] : directory.AfterCrash(model)) {
      auto copy = std::make_shared<MemoryFileNode>();
      copy->image = MemoryFileImage(file->image.AfterCrash(model));
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
