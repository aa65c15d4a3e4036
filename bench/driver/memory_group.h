// MemoryGroup: a memory cgroup (version 1 or 2) that child processes are put into, so that engines
// which cache in the page cache get no more memory than those which cache by themselves.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <string>

#include "quiver/error.h"

namespace quiver::bench {

class MemoryGroup {
 public:
  /// kUnsupported, with the reason, where this process may not make one.
  static Result<MemoryGroup> Create(std::uint64_t limit_bytes);

  MemoryGroup(MemoryGroup&& other) noexcept;
  MemoryGroup& operator=(MemoryGroup&&) = delete;
  /// Removes the group; its processes have ended.
  ~MemoryGroup();

  /// Moves the calling process into the group. Only system calls: may be called after fork().
  bool Enter() const noexcept;

 private:
  explicit MemoryGroup(std::string path);
  std::string path_;
  std::string processes_file_;
};

}  // namespace quiver::bench
