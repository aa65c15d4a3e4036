#include "version/manifest_replay.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/coding.h"
#include "base/try.h"
#include "sstable/table_parts.h"
#include "version/catalog_builder.h"
#include "version/manifest_reader.h"

namespace quiver {

namespace {

// A record that verifies holds what was written, so an edit in it that cannot be read was written
// by a newer build or a faulty one.
Result<VersionEdit> DecodeEdit(const manifest::Record& record, std::string_view name) {
  if (record.kind > static_cast<std::uint32_t>(manifest::RecordKind::kEnd) || record.kind == 0) {
    return Error(ErrorCode::kUnsupported,
                 "record " + std::to_string(record.number) + " is of kind " +
                     std::to_string(record.kind) +
                     ", which this build does not know; use the build that wrote it",
                 std::string(name), record.offset);
  }
  auto edit = VersionEdit::Decode(record.payload);
  if (!edit) {
    return Error(edit.error().code(), edit.error().message(), std::string(name), record.offset);
  }
  return edit;
}

Error Misfit(const Error& error, std::string_view name, std::uint64_t offset) {
  const bool foreign = error.code() == ErrorCode::kUnsupported;
  return Error(foreign ? ErrorCode::kUnsupported : ErrorCode::kCorruption, error.message(),
               std::string(name), offset);
}

class Replay {
 public:
  explicit Replay(std::string_view name) : name_(name) {}

  Result<void> Take(const manifest::Record& record) {
    QUIVER_ASSIGN_OR_RETURN(const VersionEdit edit, DecodeEdit(record, name_));
    if (const Result<void> applied = builder_.Apply(edit); !applied) {
      return Misfit(applied.error(), name_, record.offset);
    }
    auto state = AdvanceState(result_.state, edit);
    if (!state) return Misfit(state.error(), name_, record.offset);
    result_.state = *state;
    // Edits record numbers ahead of what is in use, the end record the exact ones: the last word
    // counts.
    result_.next_file_number = edit.next_file_number.value_or(result_.next_file_number);
    result_.next_run_number = edit.next_run_number.value_or(result_.next_run_number);
    return {};
  }

  Result<ReplayedManifest> Finish() && {
    result_.catalog = std::move(builder_).Build();
    if (const Result<void> valid = result_.catalog->Validate(); !valid) {
      return Misfit(valid.error(), name_, Error::kNoOffset);
    }
    if (result_.next_file_number == 0 || result_.next_run_number == 0) {
      return Error(ErrorCode::kCorruption, "the manifest does not say which numbers are free",
                   std::string(name_));
    }
    return std::move(result_);
  }

 private:
  const std::string_view name_;
  CatalogBuilder builder_{*NewEmptyCatalog()};
  ReplayedManifest result_;
};

}  // namespace

Result<ManifestState> AdvanceState(const ManifestState& state, const VersionEdit& edit) {
  ManifestState next = state;
  next.first_log_segment = edit.first_log_segment.value_or(state.first_log_segment);
  next.flushed_sequence = edit.flushed_sequence.value_or(state.flushed_sequence);
  if (next.first_log_segment < state.first_log_segment ||
      next.flushed_sequence < state.flushed_sequence) {
    return Error(ErrorCode::kInternal, "the edit takes the log back: first segment " +
                                           std::to_string(state.first_log_segment) + " to " +
                                           std::to_string(next.first_log_segment) +
                                           ", flushed sequence " +
                                           std::to_string(state.flushed_sequence) + " to " +
                                           std::to_string(next.flushed_sequence));
  }
  return next;
}

Result<ReplayedManifest> ReplayManifest(io::Directory& directory, DatabaseId database_id,
                                        std::uint64_t number) {
  const std::string name = ManifestName(number);
  auto bytes = io::ReadWholeFile(directory, name, kManifestBytesMax);
  if (!bytes) {
    if (bytes.error().code() != ErrorCode::kNotFound) return std::move(bytes).error();
    return Error(ErrorCode::kCorruption,
                 "the manifest that CURRENT names is missing; restore the file, or rescue the data "
                 "with 'quiver repair'",
                 name);
  }
  QUIVER_ASSIGN_OR_RETURN(ManifestReader reader, ManifestReader::Open(*bytes, name));
  if (reader.header().database_id != database_id || reader.header().number != number) {
    return Error(ErrorCode::kCorruption,
                 "is manifest " + std::to_string(reader.header().number) + " of database " +
                     reader.header().database_id.ToString() + ", expected manifest " +
                     std::to_string(number) + " of database " + database_id.ToString(),
                 name, 0);
  }
  Replay replay(name);
  while (true) {
    QUIVER_ASSIGN_OR_RETURN(const std::optional<manifest::Record> record, reader.Next());
    if (!record) break;
    QUIVER_TRY(replay.Take(*record));
  }
  QUIVER_ASSIGN_OR_RETURN(ReplayedManifest replayed, std::move(replay).Finish());
  replayed.size_bytes = bytes->size();
  replayed.note = reader.note();
  return replayed;
}

namespace {

Result<std::string> ReadHeaderBytes(io::Directory& directory, std::string_view name) {
  QUIVER_ASSIGN_OR_RETURN(const auto file, directory.OpenForRead(name));
  std::string begin(std::min(manifest::kHeaderBytes, file->size_bytes()), '\0');
  QUIVER_TRY(ReadFully(*file, 0, std::as_writable_bytes(std::span(begin))));
  return begin;
}

}  // namespace

Result<DatabaseId> ReadManifestOwner(io::Directory& directory, std::string_view name) {
  QUIVER_ASSIGN_OR_RETURN(const std::string begin, ReadHeaderBytes(directory, name));
  QUIVER_ASSIGN_OR_RETURN(const manifest::Header header, manifest::DecodeHeader(begin, name));
  return header.database_id;
}

Result<bool> BeginsAsUnfinishedManifest(io::Directory& directory, std::string_view name) {
  QUIVER_ASSIGN_OR_RETURN(const std::string begin, ReadHeaderBytes(directory, name));
  std::string mark;
  AppendFixed(mark, manifest::kMagic);
  return mark.starts_with(std::string_view(begin).substr(0, mark.size())) ||
         begin.find_first_not_of('\0') == std::string::npos;
}

Result<void> WalkManifest(io::Directory& directory, std::string_view name,
                          const std::function<bool(const ManifestRecord&)>& sink) {
  QUIVER_ASSIGN_OR_RETURN(const std::string bytes,
                          io::ReadWholeFile(directory, name, kManifestBytesMax));
  QUIVER_ASSIGN_OR_RETURN(ManifestReader reader, ManifestReader::Open(bytes, name));
  std::uint64_t end = manifest::kHeaderBytes;
  while (true) {
    auto record = reader.Next();
    if (!record) {
      ManifestRecord damaged{.offset = end, .damage = record.error().message()};
      if (!sink(damaged)) return {};
      record = Result<std::optional<manifest::Record>>(reader.SkipDamage());
    }
    if (!*record) break;
    ManifestRecord walked{.offset = (*record)->offset, .payload_bytes = (*record)->payload.size()};
    if (auto edit = DecodeEdit(**record, name)) {
      walked.edit = *std::move(edit);
    } else {
      walked.damage = edit.error().message();
    }
    end = (*record)->end();
    if (!sink(walked)) return {};
  }
  if (!reader.note().empty()) sink({.offset = end, .damage = reader.note()});
  return {};
}

}  // namespace quiver
