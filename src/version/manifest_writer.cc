#include "version/manifest_writer.h"

#include <limits>
#include <utility>

#include "base/try.h"
#include "version/version_set.h"

namespace quiver {

Result<std::unique_ptr<ManifestWriter>> ManifestWriter::Create(io::Directory& directory,
                                                               DatabaseId database_id,
                                                               std::uint64_t number,
                                                               const VersionEdit& snapshot) {
  const std::string name = ManifestName(number);
  manifest::Header header{.database_id = database_id, .number = number};
  QUIVER_ASSIGN_OR_RETURN(std::unique_ptr<io::WritableFile> file, directory.Create(name));
  std::unique_ptr<ManifestWriter> writer(new ManifestWriter(header, std::move(file)));
  if (Result<void> begun = writer->Begin(snapshot); !begun) {
    writer.reset();
    // Nothing refers to the file yet. If it stays, the next open counts it among the orphans.
    (void)directory.Remove(name);
    return std::move(begun).error();
  }
  return writer;
}

Result<void> ManifestWriter::Begin(const VersionEdit& snapshot) {
  const std::string bytes = manifest::EncodeHeader(header_);
  QUIVER_TRY(file_->Append(bytes));
  size_bytes_ = bytes.size();
  chain_ = header_.checksum;
  QUIVER_TRY(AppendRecord(manifest::RecordKind::kSnapshot, snapshot));
  snapshot_bytes_ = size_bytes_;
  return {};
}

Result<void> ManifestWriter::AppendRecord(manifest::RecordKind kind, const VersionEdit& edit) {
  const std::string payload = edit.Encode();
  if (payload.size() > std::numeric_limits<std::uint32_t>::max()) {
    return Error(ErrorCode::kUnsupported,
                 "the edit has " + std::to_string(payload.size()) +
                     " bytes, a manifest record holds less than 4 GiB",
                 file_->name(), size_bytes_);
  }
  manifest::Record record{.offset = size_bytes_,
                          .number = record_count_,
                          .chain = chain_,
                          .kind = static_cast<std::uint32_t>(kind),
                          .payload = payload};
  std::string bytes;
  manifest::AppendRecord(bytes, header_.identity(), record);
  QUIVER_TRY(file_->Append(bytes));
  QUIVER_TRY(file_->Sync());
  size_bytes_ += bytes.size();
  chain_ = record.checksum;
  ++record_count_;
  return {};
}

Result<void> ManifestWriter::Finish(const VersionEdit& last_numbers) {
  QUIVER_TRY(AppendRecord(manifest::RecordKind::kEnd, last_numbers));
  return file_->Close();
}

}  // namespace quiver
