// ReadSegmentOwner: for repair, when nothing else says whose the files are.
#include <span>
#include <string>

#include "base/try.h"
#include "wal/segment_header.h"
#include "wal/wal_recovery.h"

namespace quiver::wal {

namespace {

Result<std::string> ReadHeaderBytes(io::Directory& directory, std::string_view name) {
  QUIVER_ASSIGN_OR_RETURN(const auto file, directory.OpenForRead(name));
  std::string bytes(kHeaderBytes, '\0');
  QUIVER_ASSIGN_OR_RETURN(const std::size_t count,
                          file->ReadAt(0, std::as_writable_bytes(std::span(bytes))));
  bytes.resize(count);
  return bytes;
}

}  // namespace

Result<HeaderState> ReadHeaderState(io::Directory& directory, DatabaseId id,
                                    std::string_view name) {
  QUIVER_ASSIGN_OR_RETURN(const std::string header, ReadHeaderBytes(directory, name));
  return DecodeSegmentHeader(header, &id, ParseSegmentName(name)).state;
}

Result<DatabaseId> ReadSegmentOwner(io::Directory& directory, std::string_view name) {
  QUIVER_ASSIGN_OR_RETURN(const std::string header, ReadHeaderBytes(directory, name));
  const HeaderReading reading = DecodeSegmentHeader(header, nullptr, ParseSegmentName(name));
  if (reading.state == HeaderState::kValid) return reading.header.database_id;
  return Error(ErrorCode::kCorruption, "the header does not verify: " + reading.problem,
               std::string(name), 0);
}

}  // namespace quiver::wal
