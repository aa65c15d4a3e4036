#include "driver/memory_group.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace quiver::bench {

namespace {

// The file that takes the limit tells the versions apart.
struct Flavour {
  const char* root;
  const char* limit_file;
};
constexpr Flavour kFlavours[] = {{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
                                 {"/sys/fs/cgroup", "memory.max"}};

bool WriteText(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

}  // namespace

MemoryGroup::MemoryGroup(std::string path)
    : path_(std::move(path)), processes_file_(path_ + "/cgroup.procs") {}

MemoryGroup::MemoryGroup(MemoryGroup&& other) noexcept
    : path_(std::move(other.path_)), processes_file_(std::move(other.processes_file_)) {
  other.path_.clear();
}

MemoryGroup::~MemoryGroup() {
  if (!path_.empty()) ::rmdir(path_.c_str());
}

Result<MemoryGroup> MemoryGroup::Create(std::uint64_t limit_bytes) {
  for (const Flavour& flavour : kFlavours) {
    const std::string root = flavour.root;
    if (!std::filesystem::exists(root + "/cgroup.procs")) continue;
    // Version 2 hands a controller to children only where told so; a failure shows below.
    WriteText(root + "/cgroup.subtree_control", "+memory");
    const std::string path = root + "/quiver-bench-" + std::to_string(::getpid());
    if (::mkdir(path.c_str(), 0755) != 0) continue;
    MemoryGroup group(path);
    if (WriteText(path + "/" + flavour.limit_file, std::to_string(limit_bytes))) return group;
  }
  return Error(ErrorCode::kUnsupported,
               "no memory cgroup can be made here: that needs root and a memory controller under "
               "/sys/fs/cgroup");
}

bool MemoryGroup::Enter() const noexcept {
  const int file = ::open(processes_file_.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = ::write(file, "0", 1) == 1;
  ::close(file);
  return written;
}

}  // namespace quiver::bench
