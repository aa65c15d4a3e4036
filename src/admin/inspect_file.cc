// InspectFile: prints a log segment, a manifest or a table for people, without the database.
#include <algorithm>
#include <string>
#include <vector>

#include "admin/named_file.h"
#include "base/batch_codec.h"
#include "base/callback_guard.h"
#include "base/try.h"
#include "io/directory.h"
#include "quiver/admin.h"
#include "sstable/table.h"
#include "sstable/table_owner.h"
#include "version/version_set.h"
#include "wal/wal_recovery.h"

namespace quiver {

namespace {

constexpr std::size_t kShownBytesMax = 60;

std::string Shown(std::string_view bytes) {
  if (bytes.size() <= kShownBytesMax) return EscapeBytes(bytes);
  return EscapeBytes(bytes.substr(0, kShownBytesMax)) + "… (" + std::to_string(bytes.size()) +
         " bytes)";
}

std::string_view OperationName(Operation operation) {
  switch (operation) {
    case Operation::kPut: return "put";
    case Operation::kDelete: return "delete";
    case Operation::kMerge: return "merge";
    case Operation::kRangeDelete: return "range_delete";
  }
  return "unknown";
}

std::string ExpiryText(std::uint64_t expiry_us) {
  return expiry_us == 0 ? "" : ", expires at " + std::to_string(expiry_us);
}

std::string KeyspaceText(std::uint32_t keyspace) {
  return keyspace == 0 ? "" : "keyspace " + std::to_string(keyspace) + " ";
}

std::string EntryLine(const BatchEntry& entry, SequenceNumber sequence) {
  std::string line = "    " + std::to_string(sequence) + " " + KeyspaceText(entry.keyspace);
  line += OperationName(entry.operation);
  line += " " + Shown(entry.key);
  if (entry.operation == Operation::kRangeDelete) return line + " … " + Shown(entry.value);
  if (entry.operation != Operation::kDelete) line += " = " + Shown(entry.value);
  return line + ExpiryText(entry.expiry_us);
}

Result<void> InspectSegment(io::Directory& directory, const std::string& name, bool entries,
                            const LineSink& sink) {
  return wal::WalkSegment(directory, name, [&](const wal::SegmentFrame& frame) {
    std::string line = std::to_string(frame.offset) + " " + frame.kind;
    if (frame.entry_count != 0 && frame.encoded.empty()) {
      line += " passes over " + std::to_string(frame.entry_count) + " sequence numbers from " +
              std::to_string(frame.first_sequence) + " on";
    } else if (frame.entry_count != 0) {
      line += " " + std::to_string(frame.entry_count) + " entries from sequence " +
              std::to_string(frame.first_sequence);
    }
    if (!frame.details.empty()) line += ": " + frame.details;
    if (!sink(line)) return false;
    if (!entries) return true;
    BatchReader reader(frame.encoded);
    BatchEntry entry;
    for (SequenceNumber sequence = frame.first_sequence; reader.Next(entry); ++sequence) {
      if (!sink(EntryLine(entry, sequence))) return false;
    }
    return true;
  });
}

std::string AddedLine(const VersionEdit::AddedTable& added) {
  const TableSummary& table = added.summary;
  std::string line = "    + " + KeyspaceText(added.keyspace) + "level " +
                     std::to_string(added.level) + " run " + std::to_string(added.run) + " " +
                     TableName(table.number) + ", " + std::to_string(table.entry_count) +
                     " entries, " + std::to_string(table.size_bytes) + " bytes, " +
                     Shown(table.smallest_key) + " … " + Shown(table.largest_key);
  if (table.expiry_us_max != 0) {
    line += table.expiry_us_min == 0 ? ", some expire until " : ", all expire until ";
    line += std::to_string(table.expiry_us_max);
  }
  return line;
}

std::string RangeDeleteLine(const char* sign, const VersionEdit::KeyspaceRangeDelete& range) {
  return std::string("    ") + sign + " " + KeyspaceText(range.keyspace) + "range delete " +
         std::to_string(range.range.sequence) + ": " + Shown(range.range.begin) + " … " +
         Shown(range.range.end);
}

std::vector<std::string> EditLines(const VersionEdit& edit) {
  std::vector<std::string> lines;
  for (const auto& keyspace : edit.keyspaces) {
    lines.push_back("    + keyspace " + std::to_string(keyspace.id) + " \"" +
                    EscapeBytes(keyspace.name) + "\"");
  }
  for (const auto& flushed : edit.keyspace_flushed) {
    lines.push_back("    keyspace " + std::to_string(flushed.id) + " flushed to sequence " +
                    std::to_string(flushed.sequence));
  }
  for (const auto& removed : edit.removed) {
    lines.push_back("    - " + KeyspaceText(removed.keyspace) + "level " +
                    std::to_string(removed.level) + " run " + std::to_string(removed.run) + " " +
                    TableName(removed.number));
  }
  for (const auto& added : edit.added) lines.push_back(AddedLine(added));
  for (const auto& range : edit.added_range_deletes) lines.push_back(RangeDeleteLine("+", range));
  for (const auto& range : edit.removed_range_deletes) lines.push_back(RangeDeleteLine("-", range));
  for (const auto& cleaned : edit.cleaned) {
    lines.push_back("    " + KeyspaceText(cleaned.keyspace) + TableName(cleaned.number) +
                    " cleaned of range deletes to sequence " + std::to_string(cleaned.sequence));
  }
  for (const std::uint32_t id : edit.dropped_keyspaces) {
    lines.push_back("    - keyspace " + std::to_string(id));
  }
  return lines;
}

Result<void> InspectManifest(io::Directory& directory, const std::string& name,
                             const LineSink& sink) {
  return WalkManifest(directory, name, [&](const ManifestRecord& record) {
    std::string line = std::to_string(record.offset) + " edit of " +
                       std::to_string(record.payload_bytes) + " bytes";
    if (!record.damage.empty()) return sink(line + ": DAMAGED: " + record.damage);
    if (record.edit.first_log_segment) {
      line += ", log from segment " + std::to_string(*record.edit.first_log_segment);
    }
    if (record.edit.flushed_sequence) {
      line += ", flushed to sequence " + std::to_string(*record.edit.flushed_sequence);
    }
    if (!sink(line)) return false;
    const std::vector<std::string> lines = EditLines(record.edit);
    return std::ranges::all_of(lines, [&](const std::string& each) { return sink(each); });
  });
}

Result<void> InspectTable(io::Directory& directory, FileNumber number, bool entries,
                          const LineSink& sink) {
  QUIVER_ASSIGN_OR_RETURN(const DatabaseId owner, ReadTableOwner(directory, number));
  TableContext context;
  context.directory = &directory;
  context.database_id = owner;
  TableSummary expected;
  expected.number = number;
  QUIVER_ASSIGN_OR_RETURN(const auto table, Table::Open(context, expected));
  std::string text = table->Describe();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (!sink(std::string_view(text).substr(begin, end - begin))) return {};
    begin = end + 1;
  }
  for (std::uint64_t block = 0; block < table->block_count(); ++block) {
    const Table::BlockInfo info = table->block_info(block);
    if (!sink("block " + std::to_string(block) + ": offset " + std::to_string(info.offset) + ", " +
              std::to_string(info.stored_bytes) + " bytes, " + std::to_string(info.rows) +
              " rows")) {
      return {};
    }
  }
  if (!entries) return {};
  const auto cursor = table->NewIterator({.fill_cache = false, .read_ahead_bytes = 1U << 20});
  for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
    const EntryView& entry = cursor->entry();
    const BatchEntry shown{.keyspace = 0,
                           .operation = entry.operation,
                           .key = entry.key,
                           .value = entry.value,
                           .expiry_us = entry.expiry_us};
    if (!sink(EntryLine(shown, entry.sequence))) return {};
  }
  return cursor->status();
}

Result<void> Inspect(const NamedFile& opened, bool entries, const LineSink& sink) {
  io::Directory& directory = *opened.directory;
  const ParsedName parsed = ParseFileName(opened.name);
  switch (parsed.kind) {
    case FileKind::kLogSegment: return InspectSegment(directory, opened.name, entries, sink);
    case FileKind::kManifest: return InspectManifest(directory, opened.name, sink);
    case FileKind::kTable: return InspectTable(directory, parsed.number, entries, sink);
    default: break;
  }
  const auto there = directory.OpenForRead(opened.name);
  if (!there && there.error().code() == ErrorCode::kNotFound) return there.error();
  return Error(ErrorCode::kInvalidArgument,
               "is not a log segment (….wal), a manifest (MANIFEST-…) or a table (….arrow)",
               opened.name);
}

}  // namespace

Result<void> InspectFile(const std::filesystem::path& file, bool entries,
                         const LineSink& sink) noexcept {
  QUIVER_ASSIGN_OR_RETURN(const NamedFile opened, OpenParent(file));
  CallbackGuard guard;
  const auto done = Inspect(opened, entries, [&](std::string_view line) {
    return guard.Call([&] { return sink(line); });
  });
  if (!done) return AtPath(done.error(), file);
  return guard.status();
}

}  // namespace quiver
