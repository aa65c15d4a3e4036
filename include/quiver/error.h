// Error and Result<T>: how every fallible call of Quiver answers.
//
// An Error carries a code, chosen by what the caller does next, and a message that names what
// failed, where (file and offset when there is one), what was expected and what to do.
// Not-found is never an error: lookups return std::optional. Nothing here throws.
//
// Thread safety: values; copies of one Error may be used by different threads.
#pragma once

// First, because the errors of an older standard do not say what is missing. g++ 12 calls its C++23
// 202100, hence not the final number.
#if __cplusplus <= 202002L
#error "Quiver needs C++23: compile with -std=c++23 (g++ 12.2 or newer, clang 19 or newer)"
#endif

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace quiver {

/// What the caller should do about a failure.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument,  ///< the call is wrong: fix it; nothing was changed
  kNotFound,         ///< a named thing (database, file, setting) does not exist
  kIo,               ///< the operating system refused: retry or give up
  kNoSpace,          ///< the disk is full: writes resume by themselves when space returns
  kCorruption,       ///< bytes on disk are not what was written: restore or repair
  kUnsupported,      ///< a format, codec or feature this build does not know
  kBusy,             ///< somebody else holds it (another opener, a stalled write): try later
  kReadOnly,         ///< the database accepts no writes; the message carries the cause
  kClosed,           ///< the database of this handle was closed
  kInternal,         ///< an invariant of Quiver broke: report it
  kConflict,         ///< another writer came first: do the whole transaction again
};

/// The stable lower-case name of a code, for example "corruption".
std::string_view ErrorCodeName(ErrorCode code) noexcept;

/// A failure. Cheap to copy (one reference count); never empty.
class Error {
 public:
  Error(ErrorCode code, std::string message)
      : rep_(std::make_shared<const Rep>(Rep{code, std::move(message), {}, kNoOffset, 0})) {}
  /// A failure at a place: `file` is the file's name, `offset` the byte at fault. `os_error` is the
  /// errno with which the operating system refused, or 0.
  Error(ErrorCode code, std::string message, std::string file, std::uint64_t offset = kNoOffset,
        int os_error = 0)
      : rep_(std::make_shared<const Rep>(
            Rep{code, std::move(message), std::move(file), offset, os_error})) {}

  static constexpr std::uint64_t kNoOffset = ~std::uint64_t{0};

  ErrorCode code() const noexcept { return rep_->code; }
  /// What failed, without the place.
  const std::string& message() const noexcept { return rep_->message; }
  /// The file concerned, or empty.
  const std::string& file() const noexcept { return rep_->file; }
  /// The byte offset in file(), or kNoOffset.
  std::uint64_t offset() const noexcept { return rep_->offset; }
  /// The errno with which the operating system refused; 0 if it was not asked or did not refuse.
  int os_error() const noexcept { return rep_->os_error; }

  /// "corruption: 000012.arrow, offset 4096: block checksum is 1f…, expected 2e…".
  std::string ToString() const;

  /// The same failure with `context` put before its message ("while opening: …").
  Error WithContext(std::string_view context) const;

 private:
  struct Rep {
    ErrorCode code;
    std::string message;
    std::string file;
    std::uint64_t offset;
    int os_error;
  };
  std::shared_ptr<const Rep> rep_;
};

/// A value or an Error. A dropped Result draws a compiler warning.
template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using Base = std::expected<T, Error>;
  using Base::Base;
  Result(Error error)
      : Base(std::unexpect, std::move(error)) {}  // NOLINT(google-explicit-constructor)
  bool ok() const noexcept { return this->has_value(); }
};

}  // namespace quiver
