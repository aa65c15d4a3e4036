// Bulk ingest of Arrow files, for Python.
#include <filesystem>
#include <vector>

#include "progress.h"
#include "reports.h"
#include "writes.h"

namespace quiver::python {

namespace {

// One path, or an iterable of paths.
std::vector<std::filesystem::path> FilesArgument(nb::handle files) {
  if (nb::isinstance<nb::str>(files) || nb::isinstance<nb::bytes>(files) ||
      nb::hasattr(files, "__fspath__")) {
    return {PathArgument(files)};
  }
  std::vector<std::filesystem::path> paths;
  for (const nb::handle file : nb::iter(files)) paths.emplace_back(PathArgument(file));
  return paths;
}

}  // namespace

nb::dict Ingest(const Target& target, nb::handle files, const IngestArguments& arguments) {
  const std::vector<std::filesystem::path> paths = FilesArgument(files);
  Progress progress(arguments.progress);
  const IngestOptions options = {.keyspace = target.keyspace ? &*target.keyspace : nullptr,
                                 .key_column = arguments.key_column,
                                 .value_column = arguments.value_column,
                                 .expiry_column = arguments.expiry_column.value_or(std::string()),
                                 .refuse_duplicates = arguments.refuse_duplicates,
                                 .memory_bytes = arguments.memory_bytes,
                                 .progress = progress.callback()};
  return Report(progress.Finish(
      Unlocked([&] { return target.open.database().IngestArrow(paths, options); })));
}

}  // namespace quiver::python
