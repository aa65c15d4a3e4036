// What the parts of the extension module share: an open database, bytes in and out, errors.
//
// 1. Every call into the engine that may block runs without the GIL (Unlocked).
// 2. While it runs, the engine reads no memory that Python code could change or free: arguments are
//    held as bytes objects, which are immutable, or copied.
// 3. Objects of this module are used under the GIL; what another thread could change meanwhile is
//    copied before the GIL is given up.
//
// Thread safety: as said; the engine's own rules are in quiver/database.h.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "quiver/quiver.h"

namespace quiver::python {

namespace nb = nanobind;

/// A database, shared by the Database object and the snapshots made of it; or one state of a
/// follower, which has a share in it too.
struct OpenDatabase {
  explicit OpenDatabase(std::shared_ptr<Database> opened) : database(std::move(opened)) {}
  const std::shared_ptr<Database> database;
  std::atomic<bool> closed{false};  ///< so that rows read ahead are not shown after close()
};

/// Shared ownership whose last release, which closes the database, does not hold up Python.
class DatabaseRef {
 public:
  explicit DatabaseRef(std::shared_ptr<OpenDatabase> open) : open_(std::move(open)) {}
  DatabaseRef(const DatabaseRef&) = default;
  DatabaseRef(DatabaseRef&&) = default;
  DatabaseRef& operator=(const DatabaseRef&) = delete;
  ~DatabaseRef() {
    if (open_.use_count() != 1) return;
    const nb::gil_scoped_release unlocked;
    open_.reset();
  }
  OpenDatabase* operator->() const noexcept { return open_.get(); }
  Database& database() const noexcept { return *open_->database; }
  const std::shared_ptr<OpenDatabase>& shared() const noexcept { return open_; }

 private:
  std::shared_ptr<OpenDatabase> open_;
};

/// Raises the Python exception of an error: the class for its code in quiver._errors.
[[noreturn]] void Raise(const Error& error);
/// Raises a Python exception that is not about the engine.
[[noreturn]] void RaiseType(PyObject* type, const std::string& message);

[[noreturn]] void RaiseKeyError(nb::handle key);

/// Runs an engine call without the GIL.
template <typename Call>
auto Unlocked(Call&& call) {
  const nb::gil_scoped_release unlocked;
  return call();
}

/// The value of a result; raises its error.
template <typename T>
T Unwrap(Result<T> result) {
  if (!result) Raise(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// The bytes of an argument that has the buffer protocol. TypeError names `what`.
class BytesArgument {
 public:
  BytesArgument(nb::handle object, const char* what);
  std::string_view view() const noexcept {
    return bytes_.is_valid() ? std::string_view(bytes_.c_str(), bytes_.size()) : copy_;
  }

 private:
  nb::bytes bytes_;   ///< a bytes object, held
  std::string copy_;  ///< of any other buffer
};

/// None, or the bytes.
std::optional<std::string> OptionalBytes(nb::handle object, const char* what);

inline nb::bytes ToBytes(std::string_view view) {
  return nb::bytes(view.data(), view.size());
}

/// The UTF-8 of a str; TypeError names `what`, a lone surrogate is a UnicodeEncodeError.
std::string TextArgument(nb::handle object, const char* what);

/// Text of the engine's. What is no UTF-8, as paths and names of files may be, shows as \xNN.
nb::str ToText(std::string_view text);

/// A path argument (str, bytes, os.PathLike) as the file system wants it.
std::string PathArgument(nb::handle object);

void BindDatabase(nb::module_& module);
void BindKeyspace(nb::module_& module);
void BindSnapshot(nb::module_& module);
void BindScan(nb::module_& module);
void BindCursor(nb::module_& module);
void BindTransaction(nb::module_& module);
void BindBatch(nb::module_& module);
void BindFollower(nb::module_& module);
void BindBackups(nb::module_& module);

/// Refuses pickle and copy: what stands for an open file cannot be in two places.
nb::object RefusePickle(nb::handle self, nb::args);

}  // namespace quiver::python
