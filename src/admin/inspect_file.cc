// InspectFile: prints a log segment, a manifest or a table for people, without the database.
#include <string>

#include "admin/callback_guard.h"
#include "admin/named_file.h"
#include "base/batch_codec.h"
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

std::string EntryLine(Operation operation, std::string_view key, std::string_view value,
                      SequenceNumber sequence) {
  std::string line = "    " + std::to_string(sequence) + " ";
  line += OperationName(operation);
  line += " " + Shown(key);
  if (operation != Operation::kDelete) line += " = " + Shown(value);
  return line;
}

Result<void> InspectSegment(io::Directory& directory, const std::string& name, bool entries,
                            const LineSink& sink) {
  return wal::WalkSegment(directory, name, [&](const wal::SegmentFrame& frame) {
    std::string line = std::to_string(frame.offset) + " " + frame.kind;
    if (frame.entry_count != 0) {
      line += " " + std::to_string(frame.entry_count) + " entries from sequence " +
              std::to_string(frame.first_sequence);
    }
    if (!frame.details.empty()) line += ": " + frame.details;
    if (!sink(line)) return false;
    if (!entries) return true;
    BatchReader reader(frame.encoded);
    BatchEntry entry;
    for (SequenceNumber sequence = frame.first_sequence; reader.Next(entry); ++sequence) {
      if (!sink(EntryLine(entry.operation, entry.key, entry.value, sequence))) return false;
    }
    return true;
  });
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
    for (const auto& removed : record.edit.removed) {
      if (!sink("    - level " + std::to_string(removed.level) + " run " +
                std::to_string(removed.run) + " " + TableName(removed.number))) {
        return false;
      }
    }
    for (const auto& added : record.edit.added) {
      if (!sink("    + level " + std::to_string(added.level) + " run " + std::to_string(added.run) +
                " " + TableName(added.summary.number) + ", " +
                std::to_string(added.summary.entry_count) + " entries, " +
                std::to_string(added.summary.size_bytes) + " bytes, " +
                Shown(added.summary.smallest_key) + " … " + Shown(added.summary.largest_key))) {
        return false;
      }
    }
    return true;
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
    if (!sink(EntryLine(entry.operation, entry.key, entry.value, entry.sequence))) return {};
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

Result<void> InspectFile(const std::filesystem::path& file, bool entries, const LineSink& sink) {
  QUIVER_ASSIGN_OR_RETURN(const NamedFile opened, OpenParent(file));
  CallbackGuard guard;
  const auto done = Inspect(opened, entries, [&](std::string_view line) {
    return guard.Call([&] { return sink(line); });
  });
  if (!done) return AtPath(done.error(), file);
  return guard.status();
}

}  // namespace quiver
