#include "io/memory_file_image.h"

#include <algorithm>
#include <map>

namespace quiver::io {

std::uint64_t MemoryFileImage::Change::first() const {
  return bytes.empty() ? std::min(size_after, size_before) : offset;
}

std::uint64_t MemoryFileImage::Change::last() const {
  // Growing touches nothing: there were zeroes behind the end and there are zeroes now.
  return bytes.empty() ? size_before : offset + bytes.size();
}

void MemoryFileImage::Change::ApplyWithin(std::uint64_t from, std::uint64_t to,
                                          std::string& image) const {
  const std::uint64_t begin = std::max(from, first());
  const std::uint64_t end = std::min(to, last());
  if (begin >= end) return;
  if (bytes.empty()) {
    std::fill_n(image.begin() + static_cast<std::ptrdiff_t>(begin), end - begin, '\0');
  } else {
    bytes.copy(image.data() + begin, end - begin, begin - offset);
  }
}

void MemoryFileImage::Write(std::uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  const std::uint64_t size_before = current_.size();
  const std::uint64_t size_after = std::max<std::uint64_t>(size_before, offset + bytes.size());
  current_.resize(size_after);
  bytes.copy(current_.data() + offset, bytes.size());
  unsynced_.push_back({offset, std::string(bytes), size_before, size_after});
}

void MemoryFileImage::Resize(std::uint64_t size_bytes) {
  const std::uint64_t size_before = current_.size();
  if (size_bytes == size_before) return;
  current_.resize(size_bytes);
  unsynced_.push_back({0, {}, size_before, size_bytes});
}

void MemoryFileImage::Sync() {
  for (const Change& change : unsynced_) {
    durable_.resize(change.size_after);
    change.ApplyWithin(0, change.size_after, durable_);
  }
  unsynced_.clear();
}

std::string MemoryFileImage::AfterCrash(Random* random) const {
  std::string image = durable_;
  if (random == nullptr || unsynced_.empty()) return image;

  std::uint64_t longest = image.size();
  std::map<std::uint64_t, std::vector<const Change*>> changes_of_sector;
  for (const Change& change : unsynced_) {
    longest = std::max(longest, change.size_after);
    if (change.first() >= change.last()) continue;
    const std::uint64_t last_sector = (change.last() - 1) / kSectorBytes;
    for (std::uint64_t sector = change.first() / kSectorBytes; sector <= last_sector; ++sector) {
      changes_of_sector[sector].push_back(&change);
    }
  }
  image.resize(longest);
  for (const auto& [sector, changes] : changes_of_sector) {
    const std::uint64_t arrived = random->Below(changes.size() + 1);
    for (std::uint64_t i = 0; i < arrived; ++i) {
      changes[i]->ApplyWithin(sector * kSectorBytes, (sector + 1) * kSectorBytes, image);
    }
  }
  const std::uint64_t size_changes = random->Below(unsynced_.size() + 1);
  image.resize(size_changes == 0 ? durable_.size() : unsynced_[size_changes - 1].size_after);
  return image;
}

}  // namespace quiver::io
