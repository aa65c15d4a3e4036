#include "io/directory.h"

#include <algorithm>

#include "base/hash.h"
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

// Small enough to stay in a processor's cache, large enough that the calls do not count.
constexpr std::size_t kCopyStepBytes = std::size_t{256} << 10;

// Hands every byte of `file` to `sink`, in order.
Result<CopiedFile> ReadThrough(const ReadableFile& file, const StepCallback& step,
                               const std::function<Result<void>(std::string_view)>& sink) {
  std::string buffer(kCopyStepBytes, '\0');
  FileChecksum checksum;
  CopiedFile copied{.size_bytes = file.size_bytes()};
  for (std::uint64_t offset = 0; offset < copied.size_bytes;) {
    const auto wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>(buffer.size(), copied.size_bytes - offset));
    QUIVER_ASSIGN_OR_RETURN(
        const std::size_t read_bytes,
        file.ReadAt(offset, std::as_writable_bytes(std::span(buffer).first(wanted))));
    if (read_bytes != wanted) {
      return Error(ErrorCode::kCorruption,
                   "ended while it was read, expected " + std::to_string(copied.size_bytes) +
                       " bytes; something else changes the file",
                   file.name(), offset + read_bytes);
    }
    const std::string_view bytes(buffer.data(), wanted);
    checksum.Add(bytes);
    if (sink) QUIVER_TRY(sink(bytes));
    if (step) QUIVER_TRY(step(wanted));
    offset += wanted;
  }
  copied.checksum = checksum.value();
  return copied;
}

Result<CopiedFile> CopyInto(const ReadableFile& source, WritableFile& target,
                            const StepCallback& step) {
  auto copied =
      ReadThrough(source, step, [&](std::string_view bytes) { return target.Append(bytes); });
  if (!copied) return copied;
  QUIVER_TRY(target.Sync());
  QUIVER_TRY(target.Close());
  return copied;
}

}  // namespace

Result<CopiedFile> CopyFile(Directory& source, std::string_view name, Directory& target,
                            std::string_view new_name, const StepCallback& step) {
  QUIVER_ASSIGN_OR_RETURN(const std::unique_ptr<ReadableFile> from, source.OpenForRead(name));
  QUIVER_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> to, target.Create(new_name));
  auto copied = CopyInto(*from, *to, step);
  if (!copied) {
    to.reset();
    (void)target.Remove(new_name);
  }
  return copied;
}

Result<CopiedFile> ReadForChecksum(Directory& directory, std::string_view name,
                                   const StepCallback& step) {
  QUIVER_ASSIGN_OR_RETURN(const std::unique_ptr<ReadableFile> file, directory.OpenForRead(name));
  return ReadThrough(*file, step, {});
}

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
