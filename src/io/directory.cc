#include "io/directory.h"

#include "base/try.h"

namespace quiver::io {

namespace {

Result<void> WriteWholeFile(Directory& directory, std::string_view name,
                            std::string_view contents) {
  QUIVER_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, directory.Create(name));
  QUIVER_TRY(file->Append(contents));
  QUIVER_TRY(file->Sync());
  return file->Close();
}

}  // namespace

Result<std::string> ReadWholeFile(Directory& directory, std::string_view name,
                                  std::uint64_t limit_bytes) {
  QUIVER_ASSIGN_OR_RETURN(const std::unique_ptr<ReadableFile> file, directory.OpenForRead(name));
  const std::uint64_t size_bytes = file->size_bytes();
  if (size_bytes > limit_bytes) {
    return Error(ErrorCode::kCorruption,
                 "has " + std::to_string(size_bytes) + " bytes, expected at most " +
                     std::to_string(limit_bytes),
                 std::string(name));
  }
  std::string contents(static_cast<std::size_t>(size_bytes), '\0');
  QUIVER_ASSIGN_OR_RETURN(const std::size_t read_bytes,
                          file->ReadAt(0, std::as_writable_bytes(std::span(contents))));
  if (read_bytes != contents.size()) {
    return Error(ErrorCode::kCorruption,
                 "ended while it was read, expected " + std::to_string(size_bytes) +
                     " bytes; something else changes the files of the database",
                 std::string(name), read_bytes);
  }
  return contents;
}

Result<void> ReplaceFileDurably(Directory& directory, std::string_view name,
                                std::string_view contents) {
  const std::string temp_name = std::string(name) + ".tmp";
  // A crash during an earlier call may have left its temp file.
  if (auto removed = directory.Remove(temp_name);
      !removed && removed.error().code() != ErrorCode::kNotFound) {
    return removed;
  }
  Result<void> result = WriteWholeFile(directory, temp_name, contents);
  if (result) result = directory.Rename(temp_name, name);
  if (!result) {
    (void)directory.Remove(temp_name);  // the next call would remove it too
    return result;
  }
  return directory.Sync();
}

}  // namespace quiver::io
