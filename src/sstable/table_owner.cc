#include "sstable/table_owner.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "base/coding.h"
#include "base/try.h"
#include "sstable/table_layout.h"
#include "sstable/table_parts.h"

namespace quiver {

namespace {

constexpr std::uint64_t kArrowTailBytes = 10;  // i32 footer length, "ARROW1"

}  // namespace

Result<DatabaseId> ReadTableOwner(io::Directory& directory, FileNumber number) {
  const std::string name = TableName(number);
  QUIVER_ASSIGN_OR_RETURN(const auto file, directory.OpenForRead(name));
  const std::uint64_t size = file->size_bytes();
  const Error unfinished(ErrorCode::kCorruption,
                         "has no whole trailer: it was never finished, or is damaged", name, size);
  if (size < kArrowTailBytes + sizeof(TableTrailer)) return unfinished;
  std::array<std::byte, sizeof(TableTrailer)> bytes{};
  const std::span<std::byte> tail = std::span(bytes).first(kArrowTailBytes);
  QUIVER_TRY(ReadFully(*file, size - kArrowTailBytes, tail));
  const auto footer_bytes = LoadFixed<std::uint32_t>(tail.data()) + kArrowTailBytes;
  if (footer_bytes > size - sizeof(TableTrailer)) return unfinished;
  const std::uint64_t offset = size - footer_bytes - sizeof(TableTrailer);
  QUIVER_TRY(ReadFully(*file, offset, bytes));
  const auto trailer = LoadFixed<TableTrailer>(bytes.data());
  if (trailer.magic != kTrailerMagic || TrailerChecksum(trailer, offset) != trailer.checksum) {
    return unfinished;
  }
  return DatabaseId{trailer.database_id_high, trailer.database_id_low};
}

Result<bool> BeginsAsUnfinishedTable(io::Directory& directory, FileNumber number,
                                     const TableSchema& schema) {
  const std::string head = TableHead(schema);
  QUIVER_ASSIGN_OR_RETURN(const auto file, directory.OpenForRead(TableName(number)));
  std::string begin(std::min<std::uint64_t>(head.size(), file->size_bytes()), '\0');
  QUIVER_TRY(ReadFully(*file, 0, std::as_writable_bytes(std::span(begin))));
  return head.starts_with(begin) || begin.find_first_not_of('\0') == std::string::npos;
}

}  // namespace quiver
