// Errors of the C API, and the memory it gives away.
#include <algorithm>

#include "handles.h"

namespace quiver::c {

namespace {

constexpr quiver_code CodeOf(ErrorCode code) {
  return static_cast<quiver_code>(static_cast<int>(code) + 1);
}
static_assert(CodeOf(ErrorCode::kInvalidArgument) == QUIVER_INVALID_ARGUMENT);
static_assert(CodeOf(ErrorCode::kNotFound) == QUIVER_NOT_FOUND);
static_assert(CodeOf(ErrorCode::kIo) == QUIVER_IO);
static_assert(CodeOf(ErrorCode::kNoSpace) == QUIVER_NO_SPACE);
static_assert(CodeOf(ErrorCode::kCorruption) == QUIVER_CORRUPTION);
static_assert(CodeOf(ErrorCode::kUnsupported) == QUIVER_UNSUPPORTED);
static_assert(CodeOf(ErrorCode::kBusy) == QUIVER_BUSY);
static_assert(CodeOf(ErrorCode::kReadOnly) == QUIVER_READ_ONLY);
static_assert(CodeOf(ErrorCode::kClosed) == QUIVER_CLOSED);
static_assert(CodeOf(ErrorCode::kInternal) == QUIVER_INTERNAL);
static_assert(CodeOf(ErrorCode::kConflict) == QUIVER_CONFLICT);
static_assert(QUIVER_NO_OFFSET == Error::kNoOffset);
static_assert(QUIVER_KEY_BYTES_MAX == kKeyBytesMax);
static_assert(QUIVER_VALUE_BYTES_MAX == kValueBytesMax);
static_assert(QUIVER_BATCH_BYTES_MAX == kBatchBytesMax);

}  // namespace

Result<void> Check(std::initializer_list<Argument> arguments) {
  for (const Argument& argument : arguments) {
    if (!argument.missing) continue;
    return Error(ErrorCode::kInvalidArgument,
                 std::string("the argument '") + argument.name + "' is NULL");
  }
  return {};
}

quiver_code Fail(quiver_error** error, const Error& failure) {
  if (error != nullptr) {
    quiver_error_destroy(*error);
    *error = new quiver_error{failure, failure.ToString()};
  }
  return CodeOf(failure.code());
}

char* CopyText(std::string_view text) {
  char* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) std::abort();  // as everywhere: out of memory ends the process
  std::copy(text.begin(), text.end(), copy);
  copy[text.size()] = '\0';
  return copy;
}

}  // namespace quiver::c

const char* quiver_code_name(int code) {
  if (code == QUIVER_OK) return "ok";
  if (code < 0 || code > QUIVER_CONFLICT) return "unknown";
  return quiver::ErrorCodeName(static_cast<quiver::ErrorCode>(code - 1)).data();
}

void quiver_error_destroy(quiver_error* error) {
  delete error;
}

quiver_code quiver_error_code(const quiver_error* error) {
  return error == nullptr ? QUIVER_OK : quiver::c::CodeOf(error->error.code());
}

const char* quiver_error_message(const quiver_error* error) {
  return error == nullptr ? "" : error->error.message().c_str();
}

const char* quiver_error_file(const quiver_error* error) {
  return error == nullptr ? "" : error->error.file().c_str();
}

uint64_t quiver_error_offset(const quiver_error* error) {
  return error == nullptr ? QUIVER_NO_OFFSET : error->error.offset();
}

int quiver_error_os_error(const quiver_error* error) {
  return error == nullptr ? 0 : error->error.os_error();
}

const char* quiver_error_text(const quiver_error* error) {
  return error == nullptr ? "" : error->text.c_str();
}

void quiver_free(void* memory) {
  std::free(memory);
}

const char* quiver_version(void) {
  return quiver::VersionString().data();
}
