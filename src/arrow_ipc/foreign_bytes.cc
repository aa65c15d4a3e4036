#include "arrow_ipc/foreign_bytes.h"

#include <cstddef>
#include <span>
#include <utility>

#include "base/coding.h"
#include "base/try.h"

namespace quiver::arrow_ipc {
namespace {

constexpr std::uint32_t kContinuation = 0xFFFFFFFF;
constexpr std::uint32_t kPrefixBytes = 8;
constexpr std::uint32_t kLegacyPrefixBytes = 4;  // before Arrow 0.15 there was no continuation
constexpr std::uint32_t kMessageBytesMax = std::uint32_t{256} << 20;

}  // namespace

ForeignBytes AllocateForeign(std::uint64_t size) {
  static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ >= 16);
  return {std::make_unique_for_overwrite<char[]>(size), size};
}

Result<void> ReadForeign(const io::ReadableFile& file, std::uint64_t offset, std::uint64_t size,
                         std::string_view what, char* into) {
  const std::uint64_t file_bytes = file.size_bytes();
  if (offset > file_bytes || size > file_bytes - offset) {
    return CorruptAt(file, offset,
                     std::string(what) + " of " + std::to_string(size) +
                         " bytes reaches beyond the file's " + std::to_string(file_bytes));
  }
  QUIVER_ASSIGN_OR_RETURN(const std::size_t read,
                          file.ReadAt(offset, std::as_writable_bytes(std::span<char>(into, size))));
  if (read != size) {
    return CorruptAt(file, offset + read, std::string(what) + " is cut short: the file shrank");
  }
  return {};
}

Result<ForeignBytes> ReadForeign(const io::ReadableFile& file, std::uint64_t offset,
                                 std::uint64_t size, std::string_view what) {
  if (size > file.size_bytes()) {
    return CorruptAt(file, offset,
                     std::string(what) + " declares " + std::to_string(size) +
                         " bytes, more than the file's " + std::to_string(file.size_bytes()));
  }
  ForeignBytes bytes = AllocateForeign(size);
  QUIVER_TRY(ReadForeign(file, offset, size, what, bytes.data.get()));
  return bytes;
}

Result<ForeignMessage> ReadForeignMessage(const io::ReadableFile& file, std::uint64_t offset,
                                          std::uint64_t limit_bytes) {
  char prefix[kPrefixBytes];
  if (limit_bytes < kPrefixBytes)
    return CorruptAt(file, offset, "a message has no room for its size");
  QUIVER_TRY(ReadForeign(file, offset, kPrefixBytes, "a message", prefix));
  const auto first_word = LoadFixed<std::uint32_t>(prefix);
  const bool legacy = first_word != kContinuation;
  const std::uint32_t prefix_bytes = legacy ? kLegacyPrefixBytes : kPrefixBytes;
  const std::uint32_t message_bytes = legacy ? first_word : LoadFixed<std::uint32_t>(prefix + 4);
  if (message_bytes == 0 || message_bytes > limit_bytes - prefix_bytes ||
      message_bytes > kMessageBytesMax) {
    return CorruptAt(file, offset,
                     "a message declares " + std::to_string(message_bytes) + " bytes where " +
                         std::to_string(limit_bytes - prefix_bytes) + " are expected at most");
  }
  ForeignMessage message;
  message.end_offset = offset + prefix_bytes + message_bytes;
  QUIVER_ASSIGN_OR_RETURN(message.flatbuffer,
                          ReadForeign(file, offset + prefix_bytes, message_bytes, "a message"));
  return message;
}

Error CorruptAt(const io::ReadableFile& file, std::uint64_t offset, std::string what) {
  return Error(ErrorCode::kCorruption, std::move(what), file.name(), offset);
}

}  // namespace quiver::arrow_ipc
