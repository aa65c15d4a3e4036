#include "io/memory_file_image.h"

#include <algorithm>
#include <cstring>
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

void MemoryFileImage::Write(std::uint64_t offset, std::string_view bytes, std::uint64_t ordinal) {
  if (bytes.empty()) return;
  const std::uint64_t size_before = current_.size();
  const std::uint64_t size_after = std::max<std::uint64_t>(size_before, offset + bytes.size());
  current_.resize(size_after);
  bytes.copy(current_.data() + offset, bytes.size());
  unsynced_.push_back({offset, std::string(bytes), size_before, size_after, ordinal});
}

void MemoryFileImage::Resize(std::uint64_t size_bytes, std::uint64_t ordinal) {
  const std::uint64_t size_before = current_.size();
  if (size_bytes == size_before) return;
  current_.resize(size_bytes);
  unsynced_.push_back({0, {}, size_before, size_bytes, ordinal});
}

void MemoryFileImage::Sync() {
  for (const Change& change : unsynced_) {
    durable_.resize(change.size_after);
    change.ApplyWithin(0, change.size_after, durable_);
  }
  unsynced_.clear();
}

void MemoryFileImage::AddUnsynced(std::set<std::uint64_t>& ordinals) const {
  for (const Change& change : unsynced_) ordinals.insert(change.ordinal);
}

std::string MemoryFileImage::AfterCrash(const CrashModel& model) const {
  if (unsynced_.empty()) return durable_;
  switch (model.loss) {
    case CrashModel::Loss::kUnsynced:
    case CrashModel::Loss::kData:
    case CrashModel::Loss::kAllButRemovals: return durable_;
    case CrashModel::Loss::kNothing:
    case CrashModel::Loss::kNames: return current_;
    case CrashModel::Loss::kChosen: return WithChosen(model);
    case CrashModel::Loss::kSectors:
    case CrashModel::Loss::kGrownGarbage:
    case CrashModel::Loss::kTornSectors: break;
  }
  return WithSectors(model);
}

std::string MemoryFileImage::WithChosen(const CrashModel& model) const {
  std::string image = durable_;
  for (const Change& change : unsynced_) {
    if (!model.Keeps(change.ordinal)) continue;
    if (change.bytes.empty()) {
      image.resize(change.size_after);
    } else {
      image.resize(std::max<std::uint64_t>(image.size(), change.last()));
      change.ApplyWithin(change.first(), change.last(), image);
    }
  }
  return image;
}

void MemoryFileImage::ApplyToSector(const std::vector<const Change*>& changes,
                                    std::uint64_t arrived, std::uint64_t sector,
                                    const CrashModel& model, std::string& image) {
  const std::uint64_t begin = sector * kSectorBytes;
  const std::uint64_t end = begin + kSectorBytes;
  const bool torn = model.loss == CrashModel::Loss::kTornSectors && arrived != 0;
  for (std::uint64_t i = 0; i + (torn ? 1 : 0) < arrived; ++i) {
    changes[i]->ApplyWithin(begin, end, image);
  }
  if (!torn) return;
  const Change& last = *changes[arrived - 1];
  const std::uint64_t first_byte = std::max(begin, last.first());
  const std::uint64_t last_byte = std::min(end, last.last());
  const std::uint64_t cut = first_byte + model.random->Below(last_byte - first_byte + 1);
  const bool head_arrives = model.random->OneIn(2);
  const bool garbage = model.random->OneIn(3);
  last.ApplyWithin(head_arrives ? first_byte : cut, head_arrives ? cut : last_byte, image);
  if (!garbage) return;
  // Only bytes of this change: what the sector held durably before is the disk's to keep.
  const std::uint64_t from = head_arrives ? cut : first_byte;
  const std::uint64_t to = head_arrives ? last_byte : cut;
  for (std::uint64_t at = from; at < to; ++at) image[at] = static_cast<char>(model.random->Next());
}

std::string MemoryFileImage::WithSectors(const CrashModel& model) const {
  std::string image = durable_;
  Random& random = *model.random;
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
  const bool grown_garbage = model.loss == CrashModel::Loss::kGrownGarbage;
  if (grown_garbage && random.OneIn(2)) {
    for (std::uint64_t at = durable_.size(); at < longest; at += sizeof(std::uint64_t)) {
      const std::uint64_t word = random.Next();
      std::memcpy(image.data() + at, &word, std::min<std::uint64_t>(sizeof(word), longest - at));
    }
  }
  for (const auto& [sector, changes] : changes_of_sector) {
    ApplyToSector(changes, random.Below(changes.size() + 1), sector, model, image);
  }
  if (grown_garbage) {
    image.resize(current_.size());
  } else {
    const std::uint64_t size_changes = random.Below(unsynced_.size() + 1);
    image.resize(size_changes == 0 ? durable_.size() : unsynced_[size_changes - 1].size_after);
  }
  return image;
}

}  // namespace quiver::io
