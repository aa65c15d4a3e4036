// ReadSegmentOwner: for repair, when nothing else says whose the files are.
#include <array>
#include <span>
#include <string>

#include "base/try.h"
#include "wal/segment_header.h"
#include "wal/wal_recovery.h"

namespace quiver::wal {

Result<DatabaseId> ReadSegmentOwner(io::Directory& directory, std::string_view name) {
  QUIVER_ASSIGN_OR_RETURN(const auto file, directory.OpenForRead(name));
  std::array<std::byte, kHeaderBytes> bytes{};
  QUIVER_ASSIGN_OR_RETURN(const std::size_t count, file->ReadAt(0, bytes));
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()), count);
  const HeaderReading reading = DecodeSegmentHeader(header, nullptr, ParseSegmentName(name));
  if (reading.state == HeaderState::kValid) return reading.header.database_id;
  return Error(ErrorCode::kCorruption, "the header does not verify: " + reading.problem,
               std::string(name), 0);
}

}  // namespace quiver::wal
