// The encoding of edits: docs/formats/manifest.md, "edit". One edit has exactly one encoding, so
// Decode also refuses what Encode would not have written: long varints, fields out of order.
#include "version/version_edit.h"

#include <utility>

#include "base/coding.h"
#include "base/try.h"

namespace quiver {

namespace {

// Values are on disk; never renumber.
enum class Tag : std::uint64_t {
  kRemovedTable = 1,
  kAddedTable = 2,
  kFirstLogSegment = 3,
  kFlushedSequence = 4,
  kNextFileNumber = 5,
  kNextRunNumber = 6,
  kKeyspace = 7,
  kDroppedKeyspace = 8,
  kKeyspaceFlushed = 9,
  kNextKeyspaceId = 10,
  kAddedRangeDelete = 11,
  kRemovedRangeDelete = 12,
  kCleanedTable = 13,
};

Error DamagedEdit(std::string what) {
  return Error(ErrorCode::kCorruption, "the edit cannot be read: " + std::move(what));
}

// Takes integers and strings off the front of an edit and remembers whether one was malformed, so
// that a whole table is read before it is asked once.
class Source {
 public:
  explicit Source(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t Varint() {
    const std::string_view before = bytes_;
    std::uint64_t value = 0;
    if (!ConsumeVarint(bytes_, value)) return Fail();
    // A varint of several bytes that ends with a zero byte has a shorter spelling.
    const std::size_t width = before.size() - bytes_.size();
    if (width > 1 && before[width - 1] == 0) return Fail();
    return value;
  }
  std::uint64_t Fixed64() {
    std::uint64_t value = 0;
    return ConsumeFixed(bytes_, value) ? value : Fail();
  }
  std::string_view Key() { return Text(kKeyBytesMax); }
  std::string_view Text(std::size_t bytes_max) {
    const std::uint64_t size = Varint();
    if (malformed_ || size > bytes_max || size > bytes_.size()) {
      Fail();
      return {};
    }
    const std::string_view text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return text;
  }
  std::uint32_t Level() {
    const std::uint64_t level = Varint();
    return static_cast<std::uint32_t>(level < kLevelCountMax ? level : Fail());
  }
  std::uint32_t Keyspace() {
    const std::uint64_t keyspace = Varint();
    return static_cast<std::uint32_t>(keyspace <= UINT32_MAX ? keyspace : Fail());
  }

  bool malformed() const { return malformed_; }
  bool empty() const { return bytes_.empty(); }

 private:
  std::uint64_t Fail() {
    malformed_ = true;
    return 0;
  }

  std::string_view bytes_;
  bool malformed_ = false;
};

void AppendTag(std::string& out, Tag tag) {
  AppendVarint(out, static_cast<std::uint64_t>(tag));
}

void AppendRemoved(std::string& out, const VersionEdit::RemovedTable& table) {
  AppendTag(out, Tag::kRemovedTable);
  AppendVarint(out, table.keyspace);
  AppendVarint(out, table.level);
  AppendVarint(out, table.run);
  AppendVarint(out, table.number);
}

void AppendAdded(std::string& out, const VersionEdit::AddedTable& table) {
  const TableSummary& summary = table.summary;
  AppendTag(out, Tag::kAddedTable);
  AppendVarint(out, table.keyspace);
  AppendVarint(out, table.level);
  AppendVarint(out, table.run);
  AppendVarint(out, summary.number);
  AppendVarint(out, summary.size_bytes);
  AppendFixed(out, summary.digest);
  AppendVarint(out, summary.entry_count);
  AppendVarint(out, summary.delete_count);
  AppendVarint(out, summary.raw_bytes);
  AppendVarint(out, summary.smallest_sequence);
  AppendVarint(out, summary.largest_sequence);
  AppendVarint(out, summary.expiry_us_min);
  AppendVarint(out, summary.expiry_us_max);
  AppendVarint(out, summary.created_s);
  AppendLengthPrefixed(out, summary.smallest_key);
  AppendLengthPrefixed(out, summary.largest_key);
}

void AppendKeyspace(std::string& out, const VersionEdit::RecordedKeyspace& keyspace) {
  AppendTag(out, Tag::kKeyspace);
  AppendVarint(out, keyspace.id);
  AppendLengthPrefixed(out, keyspace.name);
  AppendLengthPrefixed(out, keyspace.settings);
}

void AppendRangeDelete(std::string& out, Tag tag, const VersionEdit::KeyspaceRangeDelete& entry) {
  AppendTag(out, tag);
  AppendVarint(out, entry.keyspace);
  AppendLengthPrefixed(out, entry.range.begin);
  AppendLengthPrefixed(out, entry.range.end);
  AppendVarint(out, entry.range.sequence);
}

void AppendNumber(std::string& out, Tag tag, const std::optional<std::uint64_t>& number) {
  if (!number) return;
  AppendTag(out, tag);
  AppendVarint(out, *number);
}

Result<void> ReadRemoved(Source& in, VersionEdit& edit) {
  VersionEdit::RemovedTable table;
  table.keyspace = in.Keyspace();
  table.level = in.Level();
  table.run = in.Varint();
  table.number = in.Varint();
  if (in.malformed()) return DamagedEdit("a removed table is malformed or cut short");
  edit.removed.push_back(table);
  return {};
}

Result<void> ReadAdded(Source& in, VersionEdit& edit) {
  VersionEdit::AddedTable table;
  TableSummary& summary = table.summary;
  table.keyspace = in.Keyspace();
  table.level = in.Level();
  table.run = in.Varint();
  summary.number = in.Varint();
  summary.size_bytes = in.Varint();
  summary.digest = in.Fixed64();
  summary.entry_count = in.Varint();
  summary.delete_count = in.Varint();
  summary.raw_bytes = in.Varint();
  summary.smallest_sequence = in.Varint();
  summary.largest_sequence = in.Varint();
  summary.expiry_us_min = in.Varint();
  summary.expiry_us_max = in.Varint();
  summary.created_s = in.Varint();
  summary.smallest_key = in.Key();
  summary.largest_key = in.Key();
  if (in.malformed()) return DamagedEdit("an added table is malformed or cut short");
  if (summary.number == 0 || summary.smallest_key > summary.largest_key ||
      summary.smallest_sequence > summary.largest_sequence ||
      summary.largest_sequence > kSequenceMax || summary.delete_count > summary.entry_count) {
    return DamagedEdit("what it says of table " + std::to_string(summary.number) +
                       " contradicts itself");
  }
  edit.added.push_back(std::move(table));
  return {};
}

Result<void> ReadNumber(Source& in, std::optional<std::uint64_t>& number) {
  number = in.Varint();
  if (in.malformed()) return DamagedEdit("a number is malformed or cut short");
  return {};
}

Result<void> ReadKeyspace(Source& in, VersionEdit& edit) {
  VersionEdit::RecordedKeyspace keyspace;
  keyspace.id = in.Keyspace();
  keyspace.name = in.Text(kKeyspaceNameBytesMax);
  keyspace.settings = in.Text(kKeyspaceSettingsBytesMax);
  if (in.malformed() || keyspace.id == 0 || keyspace.name.empty()) {
    return DamagedEdit("a keyspace is malformed or cut short");
  }
  edit.keyspaces.push_back(std::move(keyspace));
  return {};
}

Result<void> ReadDroppedKeyspace(Source& in, VersionEdit& edit) {
  const std::uint32_t id = in.Keyspace();
  if (in.malformed() || id == 0) return DamagedEdit("a dropped keyspace is malformed");
  edit.dropped_keyspaces.push_back(id);
  return {};
}

Result<void> ReadKeyspaceFlushed(Source& in, VersionEdit& edit) {
  VersionEdit::KeyspaceSequence flushed;
  flushed.id = in.Keyspace();
  flushed.sequence = in.Varint();
  if (in.malformed() || flushed.sequence > kSequenceMax) {
    return DamagedEdit("the flushed sequence of a keyspace is malformed or cut short");
  }
  edit.keyspace_flushed.push_back(flushed);
  return {};
}

Result<void> ReadRangeDelete(Source& in, std::vector<VersionEdit::KeyspaceRangeDelete>& list) {
  VersionEdit::KeyspaceRangeDelete entry;
  entry.keyspace = in.Keyspace();
  entry.range.begin = in.Key();
  entry.range.end = in.Key();
  entry.range.sequence = in.Varint();
  if (in.malformed() || entry.range.sequence > kSequenceMax ||
      entry.range.begin >= entry.range.end) {
    return DamagedEdit("a range delete is malformed or cut short");
  }
  list.push_back(std::move(entry));
  return {};
}

Result<void> ReadCleanedTable(Source& in, VersionEdit& edit) {
  VersionEdit::CleanedTable cleaned;
  cleaned.keyspace = in.Keyspace();
  cleaned.number = in.Varint();
  cleaned.sequence = in.Varint();
  if (in.malformed() || cleaned.sequence > kSequenceMax) {
    return DamagedEdit("a cleaned table is malformed or cut short");
  }
  edit.cleaned.push_back(cleaned);
  return {};
}

Result<void> ReadField(Source& in, Tag tag, VersionEdit& edit) {
  switch (tag) {
    case Tag::kRemovedTable: return ReadRemoved(in, edit);
    case Tag::kAddedTable: return ReadAdded(in, edit);
    case Tag::kFirstLogSegment: return ReadNumber(in, edit.first_log_segment);
    case Tag::kFlushedSequence: return ReadNumber(in, edit.flushed_sequence);
    case Tag::kNextFileNumber: return ReadNumber(in, edit.next_file_number);
    case Tag::kNextRunNumber: return ReadNumber(in, edit.next_run_number);
    case Tag::kKeyspace: return ReadKeyspace(in, edit);
    case Tag::kDroppedKeyspace: return ReadDroppedKeyspace(in, edit);
    case Tag::kKeyspaceFlushed: return ReadKeyspaceFlushed(in, edit);
    case Tag::kNextKeyspaceId: return ReadNumber(in, edit.next_keyspace_id);
    case Tag::kAddedRangeDelete: return ReadRangeDelete(in, edit.added_range_deletes);
    case Tag::kRemovedRangeDelete: return ReadRangeDelete(in, edit.removed_range_deletes);
    case Tag::kCleanedTable: return ReadCleanedTable(in, edit);
  }
  return Error(ErrorCode::kUnsupported,
               "the edit has a field " + std::to_string(static_cast<std::uint64_t>(tag)) +
                   ", which this build does not know; use the build that wrote it");
}

bool MayRepeat(Tag tag) {
  switch (tag) {
    case Tag::kFirstLogSegment:
    case Tag::kFlushedSequence:
    case Tag::kNextFileNumber:
    case Tag::kNextRunNumber:
    case Tag::kNextKeyspaceId: return false;
    default: return true;
  }
}

}  // namespace

std::string VersionEdit::Encode() const {
  std::string out;
  AppendVarint(
      out, removed.size() + added.size() + keyspaces.size() + dropped_keyspaces.size() +
               keyspace_flushed.size() + added_range_deletes.size() + removed_range_deletes.size() +
               cleaned.size() + (first_log_segment ? 1 : 0) + (flushed_sequence ? 1 : 0) +
               (next_file_number ? 1 : 0) + (next_run_number ? 1 : 0) + (next_keyspace_id ? 1 : 0));
  for (const RemovedTable& table : removed) AppendRemoved(out, table);
  for (const AddedTable& table : added) AppendAdded(out, table);
  AppendNumber(out, Tag::kFirstLogSegment, first_log_segment);
  AppendNumber(out, Tag::kFlushedSequence, flushed_sequence);
  AppendNumber(out, Tag::kNextFileNumber, next_file_number);
  AppendNumber(out, Tag::kNextRunNumber, next_run_number);
  for (const RecordedKeyspace& keyspace : keyspaces) AppendKeyspace(out, keyspace);
  for (const std::uint32_t id : dropped_keyspaces) {
    AppendTag(out, Tag::kDroppedKeyspace);
    AppendVarint(out, id);
  }
  for (const KeyspaceSequence& flushed : keyspace_flushed) {
    AppendTag(out, Tag::kKeyspaceFlushed);
    AppendVarint(out, flushed.id);
    AppendVarint(out, flushed.sequence);
  }
  AppendNumber(out, Tag::kNextKeyspaceId, next_keyspace_id);
  for (const auto& entry : added_range_deletes) {
    AppendRangeDelete(out, Tag::kAddedRangeDelete, entry);
  }
  for (const auto& entry : removed_range_deletes) {
    AppendRangeDelete(out, Tag::kRemovedRangeDelete, entry);
  }
  for (const CleanedTable& table : cleaned) {
    AppendTag(out, Tag::kCleanedTable);
    AppendVarint(out, table.keyspace);
    AppendVarint(out, table.number);
    AppendVarint(out, table.sequence);
  }
  return out;
}

Result<VersionEdit> VersionEdit::Decode(std::string_view bytes) {
  Source in(bytes);
  VersionEdit edit;
  std::uint64_t last_tag = 0;
  // The count of fields stands in front, so that an edit cut short between two fields is noticed.
  for (std::uint64_t left = in.Varint(); left != 0 && !in.malformed(); --left) {
    const std::uint64_t tag = in.Varint();
    if (in.malformed()) return DamagedEdit("it is cut short");
    if (tag < last_tag || (tag == last_tag && !MayRepeat(Tag{tag}))) {
      return DamagedEdit("field " + std::to_string(tag) + " stands behind field " +
                         std::to_string(last_tag));
    }
    QUIVER_TRY(ReadField(in, Tag{tag}, edit));
    last_tag = tag;
  }
  if (in.malformed()) return DamagedEdit("the number of its fields is malformed");
  if (!in.empty()) return DamagedEdit("there are bytes behind its last field");
  return edit;
}

}  // namespace quiver
