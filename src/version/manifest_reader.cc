#include "version/manifest_reader.h"

#include "base/try.h"

namespace quiver {

Result<ManifestReader> ManifestReader::Open(std::string_view bytes, std::string_view name) {
  QUIVER_ASSIGN_OR_RETURN(const manifest::Header header, manifest::DecodeHeader(bytes, name));
  return ManifestReader(bytes, name, header);
}

Error ManifestReader::Damaged(std::uint64_t offset, std::string_view what) const {
  return Error(ErrorCode::kCorruption,
               std::string(what) + "; restore the file, or rescue the data with 'quiver repair'",
               std::string(name_), offset);
}

Result<std::optional<manifest::Record>> ManifestReader::Next() {
  if (offset_ == bytes_.size() && record_number_ != 0) return std::optional<manifest::Record>();
  if (ended_) return Damaged(offset_, "there are bytes behind the manifest's end record");
  const auto record = manifest::DecodeRecord(bytes_, header_.identity(), offset_);
  if (!record) return EndOrDamage();
  if (record->number != record_number_ || record->chain != chain_) {
    return Damaged(offset_, "record " + std::to_string(record->number) +
                                " of the manifest does not follow the one before it");
  }
  const bool is_first = record->number == 0;
  const bool is_snapshot =
      record->kind == static_cast<std::uint32_t>(manifest::RecordKind::kSnapshot);
  if (is_first != is_snapshot) {
    return Damaged(offset_, "the manifest does not begin with its one snapshot");
  }
  StepOver(*record);
  return record;
}

Result<std::optional<manifest::Record>> ManifestReader::EndOrDamage() {
  const std::string what = "record " + std::to_string(record_number_) + " of the manifest";
  if (record_number_ == 0) return Damaged(offset_, what + ", its snapshot, does not verify");
  if (FindRecordBehind(offset_)) {
    return Damaged(offset_, what + " does not verify, but there are records behind it");
  }
  note_ = std::string(name_) + ", offset " + std::to_string(offset_) + ": " + what +
          ", the last one, was cut short (" + std::to_string(bytes_.size() - offset_) +
          " bytes); it was never acknowledged and is left out";
  offset_ = bytes_.size();
  return std::optional<manifest::Record>();
}

std::optional<manifest::Record> ManifestReader::FindRecordBehind(std::uint64_t offset) const {
  for (offset += manifest::kRecordAlignment; offset < bytes_.size();
       offset += manifest::kRecordAlignment) {
    auto record = manifest::DecodeRecord(bytes_, header_.identity(), offset);
    // An older record can only be a copy of one already read.
    if (record && record->number > record_number_) return record;
  }
  return std::nullopt;
}

std::optional<manifest::Record> ManifestReader::SkipDamage() {
  auto record = FindRecordBehind(offset_);
  if (record) {
    StepOver(*record);
  } else {
    offset_ = bytes_.size();
  }
  return record;
}

void ManifestReader::StepOver(const manifest::Record& record) {
  offset_ = record.end();
  chain_ = record.checksum;
  record_number_ = record.number + 1;
  ended_ = record.kind == static_cast<std::uint32_t>(manifest::RecordKind::kEnd);
}

}  // namespace quiver
