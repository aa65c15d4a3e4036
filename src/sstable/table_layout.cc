#include "sstable/table_layout.h"

#include "arrow_ipc/message_encoder.h"
#include "base/coding.h"
#include "base/hash.h"

namespace quiver {

std::string_view SectionName(SectionType type) noexcept {
  switch (type) {
    case SectionType::kHead: return "head";
    case SectionType::kFilter: return "filter";
    case SectionType::kIndex: return "index";
    case SectionType::kSeparators: return "separators";
    case SectionType::kProperties: return "properties";
  }
  return "unknown section";
}

std::string EncodeProperties(const TableProperties& properties) {
  PropertiesHeader header = properties.numbers;
  header.smallest_key_bytes = static_cast<std::uint32_t>(properties.smallest_key.size());
  header.largest_key_bytes = static_cast<std::uint32_t>(properties.largest_key.size());
  std::string section(BytesOf(header));
  section += properties.smallest_key;
  section += properties.largest_key;
  section.resize(AlignUp(section.size(), 8), '\0');
  return section;
}

bool DecodeProperties(std::string_view section, TableProperties& properties) {
  if (section.size() < sizeof(PropertiesHeader)) return false;
  properties.numbers = LoadFixed<PropertiesHeader>(section.data());
  const std::size_t smallest = properties.numbers.smallest_key_bytes;
  const std::size_t largest = properties.numbers.largest_key_bytes;
  if (section.size() != AlignUp(sizeof(PropertiesHeader) + smallest + largest, 8)) return false;
  properties.smallest_key = section.substr(sizeof(PropertiesHeader), smallest);
  properties.largest_key = section.substr(sizeof(PropertiesHeader) + smallest, largest);
  return true;
}

std::uint64_t TrailerChecksum(const TableTrailer& trailer, std::uint64_t offset) noexcept {
  const DatabaseId id{trailer.database_id_high, trailer.database_id_low};
  return Checksum(BytesOf(trailer).substr(0, offsetof(TableTrailer, checksum)),
                  PlaceSeed(id.FileIdentity(trailer.number), offset));
}

arrow_ipc::Schema ArrowSchemaOf(const TableSchema& schema) {
  using arrow_ipc::Column;
  using arrow_ipc::ColumnType;
  const auto bytes_column = [](std::string name, std::uint32_t width, bool nullable) {
    return Column{std::move(name), width == 0 ? ColumnType::kBinary : ColumnType::kFixedSizeBinary,
                  width, nullable};
  };
  arrow_ipc::Schema result;
  result.columns.push_back(bytes_column("key", schema.key_width_bytes, false));
  result.columns.push_back(bytes_column("value", schema.value_width_bytes, true));
  result.columns.push_back({"sequence", ColumnType::kUInt64, 0, false});
  result.columns.push_back({"operation", ColumnType::kUInt8, 0, false});
  if (schema.has_expiry) result.columns.push_back({"expiry", ColumnType::kUInt64, 0, false});
  result.metadata = {{"quiver.format", std::to_string(kTableVersion)},
                     {"quiver.comparator", "bytewise"},
                     {"quiver.order", "key ascending, sequence descending"}};
  return result;
}

std::string TableHead(const TableSchema& schema) {
  return std::string(arrow_ipc::kFileMagic) + arrow_ipc::EncodeSchemaMessage(ArrowSchemaOf(schema));
}

}  // namespace quiver
