#include "change.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/batch_codec.h"
#include "base/coding.h"
#include "fuzz_files.h"
#include "sign.h"
#include "version/version_edit.h"

namespace quiver::fuzz {

namespace {

// Of a log segment (docs/formats/wal.md) and a manifest (docs/formats/manifest.md).
constexpr std::size_t kSegmentHeaderBytes = 128;
constexpr std::size_t kFrameHeaderBytes = 40;
constexpr std::size_t kPayloadBytesOffset = 8;
constexpr std::size_t kFrameTypeOffset = 12;
constexpr std::size_t kEntryCountOffset = 24;
constexpr std::uint32_t kBatchType = 1;
constexpr std::size_t kManifestHeaderBytes = 64;
constexpr std::size_t kRecordHeaderBytes = 32;

constexpr std::uint32_t kKeyspaces[] = {0, 1, 2, 3, 300, ~std::uint32_t{0}};
constexpr std::uint64_t kMoments[] = {0, 1, 5'000'000, 6'000'000, ~std::uint64_t{0}};
constexpr const char* kKeys[] = {"", "a", "a1", "a100", "a101z", "b", "key1", "key2"};

template <typename T, std::size_t kCount>
T OneOf(const T (&values)[kCount], Random& random) {
  return values[random.Below(kCount)];
}

template <typename T>
T* AnyOf(std::vector<T>& parts, Random& random) {
  return parts.empty() ? nullptr : &parts[random.Below(parts.size())];
}

// A part of its own that is there again, or not any more.
template <typename T>
void DoubleOrRemove(std::vector<T>& parts, Random& random) {
  if (parts.empty()) return;
  const auto at = parts.begin() + static_cast<std::ptrdiff_t>(random.Below(parts.size()));
  if (random.OneIn(2)) {
    parts.push_back(T(*at));
  } else {
    parts.erase(at);
  }
}

// --- entries

struct OwnedEntry {
  std::uint32_t keyspace;
  Operation operation;
  std::string key;
  std::string value;
  std::uint64_t expiry_us;
};

std::optional<std::vector<OwnedEntry>> Decode(std::string_view encoded) {
  std::vector<OwnedEntry> entries;
  BatchReader reader(encoded);
  BatchEntry entry;
  while (reader.Next(entry)) {
    entries.push_back({entry.keyspace, entry.operation, std::string(entry.key),
                       std::string(entry.value), entry.expiry_us});
  }
  if (entries.empty()) return std::nullopt;
  return entries;
}

void ChangeEntry(OwnedEntry& entry, Random& random) {
  switch (random.Below(6)) {
    case 0: entry.operation = static_cast<Operation>(random.Below(4)); break;
    case 1: entry.keyspace = OneOf(kKeyspaces, random); break;
    case 2: entry.expiry_us = OneOf(kMoments, random); break;
    case 3: entry.key = OneOf(kKeys, random); break;
    case 4: entry.value = random.OneIn(2) ? std::string(8, '\1') : OneOf(kKeys, random); break;
    default: std::swap(entry.key, entry.value); break;
  }
  entry.key.resize(std::min(entry.key.size(), kKeyBytesMax));
}

// The changed entries and how many they are.
std::optional<std::pair<std::string, std::uint32_t>> ChangeEntries(std::string_view encoded,
                                                                   Random& random) {
  auto entries = Decode(encoded);
  if (!entries) return std::nullopt;
  if (random.OneIn(3)) {
    DoubleOrRemove(*entries, random);
  } else {
    ChangeEntry(*AnyOf(*entries, random), random);
  }
  std::string changed;
  for (const OwnedEntry& entry : *entries) {
    AppendBatchEntry(changed, {.keyspace = entry.keyspace,
                               .operation = entry.operation,
                               .key = entry.key,
                               .value = entry.value,
                               .expiry_us = entry.expiry_us});
  }
  return std::pair(std::move(changed), static_cast<std::uint32_t>(entries->size()));
}

// --- frames and records

struct Part {
  std::size_t offset;  ///< of the header
  std::size_t payload_bytes;
};

// The frames of a segment, or the records of a manifest, as far as their lengths lead.
std::vector<Part> FindParts(const std::string& file, std::size_t offset, std::size_t header_bytes) {
  std::vector<Part> parts;
  while (offset < file.size() && file.size() - offset >= header_bytes) {
    const auto payload_bytes = LoadFixed<std::uint32_t>(file.data() + offset + kPayloadBytesOffset);
    const std::size_t bytes = AlignUp(header_bytes + std::size_t{payload_bytes}, 8);
    if (bytes > file.size() - offset) break;
    parts.push_back({offset, payload_bytes});
    offset += bytes;
  }
  return parts;
}

void ReplacePayload(std::string& file, const Part& part, std::size_t header_bytes,
                    std::string payload) {
  StoreFixed(file.data() + part.offset + kPayloadBytesOffset,
             static_cast<std::uint32_t>(payload.size()));
  payload.resize(AlignUp(header_bytes + payload.size(), 8) - header_bytes);
  const std::size_t old_bytes = AlignUp(header_bytes + part.payload_bytes, 8) - header_bytes;
  file.replace(part.offset + header_bytes, old_bytes, payload);
}

std::string_view PayloadOf(const std::string& file, const Part& part, std::size_t header_bytes) {
  return std::string_view(file).substr(part.offset + header_bytes, part.payload_bytes);
}

// --- edits

RangeDelete AnyRange(Random& random) {
  RangeDelete range{OneOf(kKeys, random), OneOf(kKeys, random), random.Below(2000)};
  if (range.end < range.begin) std::swap(range.begin, range.end);
  if (range.begin == range.end) range.end += 'x';
  return range;
}

std::uint32_t AnyKeyspace(Random& random) {
  return OneOf(kKeyspaces, random);
}

void ChangeEdit(VersionEdit& edit, Random& random) {
  switch (random.Below(14)) {
    case 0:
      edit.keyspaces.push_back({1 + static_cast<std::uint32_t>(random.Below(4)),
                                random.OneIn(2) ? "first" : "other",
                                random.OneIn(2) ? "" : "merge_operator = \"append\"\n"});
      break;
    case 1:
      edit.dropped_keyspaces.push_back(1 + static_cast<std::uint32_t>(random.Below(4)));
      break;
    case 2: edit.keyspace_flushed.push_back({AnyKeyspace(random), random.Below(3000)}); break;
    case 3: edit.added_range_deletes.push_back({AnyKeyspace(random), AnyRange(random)}); break;
    case 4: {
      const auto* const known = AnyOf(edit.added_range_deletes, random);
      edit.removed_range_deletes.push_back(
          known != nullptr
              ? *known
              : VersionEdit::KeyspaceRangeDelete{AnyKeyspace(random), AnyRange(random)});
      break;
    }
    case 5:
      edit.cleaned.push_back({AnyKeyspace(random), random.Below(8), random.Below(3000)});
      break;
    case 6:
      if (auto* const table = AnyOf(edit.added, random)) table->keyspace = AnyKeyspace(random);
      break;
    case 7:
      if (auto* const table = AnyOf(edit.added, random)) {
        table->summary.expiry_us_min = OneOf(kMoments, random);
        table->summary.expiry_us_max = OneOf(kMoments, random);
      }
      break;
    case 8:
      if (auto* const table = AnyOf(edit.removed, random)) table->keyspace = AnyKeyspace(random);
      break;
    case 9: edit.next_keyspace_id = random.Below(6); break;
    case 10: DoubleOrRemove(edit.keyspaces, random); break;
    case 11: DoubleOrRemove(edit.added_range_deletes, random); break;
    case 12: DoubleOrRemove(edit.added, random); break;
    default: DoubleOrRemove(edit.dropped_keyspaces, random); break;
  }
}

}  // namespace

bool ChangeBatch(std::string& input, Random& random) {
  auto changed = ChangeEntries(input, random);
  if (!changed) return false;
  input = std::move(changed->first);
  return true;
}

bool ChangeSegments(std::string& input, Random& random) {
  if (input.size() <= kSegmentOptionBytes) return false;
  std::vector<std::string> files =
      SplitFiles(std::string_view(input).substr(kSegmentOptionBytes), kSegmentCountMax);
  std::string* const file = AnyOf(files, random);
  if (file == nullptr) return false;
  std::vector<Part> frames = FindParts(*file, kSegmentHeaderBytes, kFrameHeaderBytes);
  std::erase_if(frames, [&](const Part& frame) {
    return LoadFixed<std::uint32_t>(file->data() + frame.offset + kFrameTypeOffset) != kBatchType;
  });
  const Part* const frame = AnyOf(frames, random);
  if (frame == nullptr) return false;
  auto changed = ChangeEntries(PayloadOf(*file, *frame, kFrameHeaderBytes), random);
  if (!changed) return false;
  StoreFixed(file->data() + frame->offset + kEntryCountOffset, changed->second);
  ReplacePayload(*file, *frame, kFrameHeaderBytes, std::move(changed->first));
  input.resize(kSegmentOptionBytes);
  input += JoinFiles(files);
  return true;
}

bool ChangeManifest(std::string& input, Random& random) {
  std::vector<Part> records = FindParts(input, kManifestHeaderBytes, kRecordHeaderBytes);
  const Part* const record = AnyOf(records, random);
  if (record == nullptr) return false;
  auto edit = VersionEdit::Decode(PayloadOf(input, *record, kRecordHeaderBytes));
  if (!edit) return false;
  ChangeEdit(*edit, random);
  ReplacePayload(input, *record, kRecordHeaderBytes, edit->Encode());
  return true;
}

}  // namespace quiver::fuzz
