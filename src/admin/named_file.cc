#include "admin/named_file.h"

#include "base/try.h"

namespace quiver {

Result<NamedFile> OpenParent(const std::filesystem::path& named_file) {
  const std::filesystem::path file = io::PosixFileSystem().Resolved(named_file);
  const std::filesystem::path parent = file.has_parent_path() ? file.parent_path() : ".";
  NamedFile named;
  QUIVER_ASSIGN_OR_RETURN(named.directory, io::PosixFileSystem().OpenDirectory(parent, false));
  named.name = file.filename().string();
  return named;
}

Error AtPath(const Error& error, const std::filesystem::path& file) {
  if (error.file() != file.filename()) return error;
  return Error(error.code(), error.message(), file.string(), error.offset(), error.os_error());
}

}  // namespace quiver
