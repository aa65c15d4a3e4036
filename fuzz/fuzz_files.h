// What targets share: a directory in memory with given files, one file of given bytes, and a
// reader that takes numbers and bytes off the front of an input.
//
// Thread safety: one thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/coding.h"
#include "base/identity.h"
#include "io/memory_file_system.h"

namespace quiver::fuzz {

/// The database that every fuzzed file claims to belong to, unless a mutation changes that.
inline constexpr DatabaseId kDatabase{.high = 0x0123456789ABCDEF, .low = 0xFEDCBA9876543210};

class MemoryFiles {
 public:
  MemoryFiles() : directory_(std::move(*system_.OpenDirectory("db", true))) {}

  io::Directory& directory() { return *directory_; }

  void Put(std::string_view name, std::string_view bytes) {
    (void)directory_->Remove(name);
    auto file = directory_->Create(name);
    QUIVER_CHECK(file.ok());
    QUIVER_CHECK((*file)->Append(bytes).ok());
    QUIVER_CHECK((*file)->Close().ok());
  }

 private:
  io::MemoryFileSystem system_;
  std::unique_ptr<io::Directory> directory_;
};

/// Takes from the front; zeros and empty strings once the input is used up.
class InputReader {
 public:
  explicit InputReader(std::string_view input) : rest_(input) {}

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  std::uint8_t Byte() {
    std::uint8_t byte = 0;
    (void)ConsumeFixed(rest_, byte);
    return byte;
  }
  std::uint32_t Word() {
    std::uint32_t word = 0;
    if (!ConsumeFixed(rest_, word)) rest_ = {};
    return word;
  }
  std::string_view Bytes(std::size_t count) {
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(bytes.size());
    return bytes;
  }

 private:
  std::string_view rest_;
};

/// An input that holds several files: each as its size in 32 bits and its bytes; the last one may
/// be cut short.
inline std::vector<std::string> SplitFiles(std::string_view input, std::size_t count_max) {
  InputReader reader(input);
  std::vector<std::string> files;
  while (!reader.empty() && files.size() < count_max) {
    const std::uint32_t size = reader.Word();
    files.emplace_back(reader.Bytes(size));
  }
  return files;
}

inline std::string JoinFiles(const std::vector<std::string>& files) {
  std::string joined;
  for (const std::string& file : files) {
    AppendFixed(joined, static_cast<std::uint32_t>(file.size()));
    joined += file;
  }
  return joined;
}

}  // namespace quiver::fuzz
