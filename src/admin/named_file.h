// NamedFile: a file that the user names by a path, as a name in a directory, which is how this
// library opens files; and its errors with the path as the user gave it.
//
// Thread safety: values and pure functions.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "io/directory.h"
#include "quiver/error.h"

namespace quiver {

struct NamedFile {
  std::unique_ptr<io::Directory> directory;
  std::string name;
};

/// Opens the directory of `file`; the file itself need not exist.
Result<NamedFile> OpenParent(const std::filesystem::path& file);

/// The same error with the whole path where it names the file alone.
Error AtPath(const Error& error, const std::filesystem::path& file);

}  // namespace quiver
