// Goal: no Arrow file makes the import crash, hang, read outside of its buffers, or allocate far
// more than the file has.
//
// Input: an Arrow IPC file. Its columns `key` and `value` are read, and its first two by name.
#include <string>

#include "arrow_ipc/foreign_file.h"
#include "base/hash.h"
#include "fuzz_files.h"
#include "fuzz_target.h"

namespace quiver::fuzz {

namespace {

constexpr std::uint64_t kRowsMax = 100'000;

void Read(arrow_ipc::ForeignFileReader& reader, const std::string& first,
          const std::string& second) {
  std::uint64_t rows = 0;
  const auto read = reader.ReadRows(
      first, second, [&](const arrow_ipc::Cell& key, const arrow_ipc::Cell& value) -> Result<bool> {
        (void)HashKey(key.bytes);
        (void)HashKey(value.bytes);
        return ++rows < kRowsMax;
      });
  if (read.ok() && rows < kRowsMax) QUIVER_CHECK(rows == reader.row_count());
}

}  // namespace

void FuzzArrowImport(std::string_view input) {
  MemoryFiles files;
  files.Put("import.arrow", input);
  const auto file = files.directory().OpenForRead("import.arrow");
  QUIVER_CHECK(file.ok());
  const auto reader = arrow_ipc::ForeignFileReader::Open(**file);
  if (!reader) return;
  Read(**reader, "key", "value");
  const arrow_ipc::Schema& schema = (*reader)->schema();
  if (schema.columns.size() >= 2) {
    Read(**reader, schema.columns[0].name, schema.columns[1].name);
  }
}

}  // namespace quiver::fuzz
