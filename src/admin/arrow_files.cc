// ReadArrowFile and ArrowFileWriter: key-value rows from and to plain Arrow IPC files.
#include <string>

#include "admin/named_file.h"
#include "arrow_ipc/foreign_file.h"
#include "base/callback_guard.h"
#include "base/escape.h"
#include "base/try.h"
#include "io/directory.h"
#include "io/environment.h"
#include "quiver/admin.h"
#include "sstable/table.h"
#include "sstable/table_owner.h"

namespace quiver {

namespace {

bool HasColumn(const arrow_ipc::Schema& schema, std::string_view name) {
  for (const arrow_ipc::Column& column : schema.columns) {
    if (column.name == name) return true;
  }
  return false;
}

// A table of ours holds deletes and old versions too: only what a reader of it alone would see is
// handed out. It is read as a table, so that every byte is verified.
Result<std::uint64_t> ReadOwnTable(const NamedFile& opened, FileNumber number, DatabaseId owner,
                                   const RowSink& sink) {
  TableContext context;
  context.directory = opened.directory.get();
  context.database_id = owner;
  TableSummary expected;
  expected.number = number;
  QUIVER_ASSIGN_OR_RETURN(const auto table, Table::Open(context, expected));
  const auto entries = table->NewIterator({.fill_cache = false, .read_ahead_bytes = 1U << 20});
  const std::uint64_t now_us = io::SystemEnvironment().clock->WallMicros();
  std::uint64_t rows = 0;
  std::string last_key;
  bool first = true;
  for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
    const EntryView& entry = entries->entry();
    if (!first && entry.key == last_key) continue;
    first = false;
    last_key.assign(entry.key);
    if (entry.operation == Operation::kMerge) {
      return Error(ErrorCode::kUnsupported,
                   "holds operands of merges, such as for the key " + EscapeBytes(entry.key) +
                       ": only its database can make values of them; 'quiver export' writes a "
                       "file of live rows",
                   opened.name);
    }
    if (entry.operation != Operation::kPut) continue;
    if (entry.expiry_us != 0 && entry.expiry_us <= now_us) continue;
    ++rows;
    if (!sink(entry.key, entry.value)) return rows;
  }
  QUIVER_TRY(entries->status());
  return rows;
}

Result<std::uint64_t> ReadRows(const NamedFile& opened, const std::filesystem::path& file,
                               const RowSink& sink) {
  if (const FileNumber number = ParseTableName(opened.name); number != 0) {
    const Result<DatabaseId> owner = ReadTableOwner(*opened.directory, number);
    if (owner) return ReadOwnTable(opened, number, *owner, sink);
  }
  QUIVER_ASSIGN_OR_RETURN(const auto bytes, opened.directory->OpenForRead(opened.name));
  QUIVER_ASSIGN_OR_RETURN(const auto reader, arrow_ipc::ForeignFileReader::Open(*bytes));
  if (HasColumn(reader->schema(), "sequence") && HasColumn(reader->schema(), "operation")) {
    return Error(
        ErrorCode::kInvalidArgument,
        "looks like a table of Quiver under another name or rewritten by another tool: its "
        "rows include deletes and old versions. Give it its own name back, or filter it first",
        file.string());
  }
  std::uint64_t rows = 0;
  QUIVER_TRY(reader->ReadRows(
      "key", "value",
      [&](const arrow_ipc::Cell& key, const arrow_ipc::Cell& value) -> Result<bool> {
        if (key.null || value.null) {
          return Error(ErrorCode::kInvalidArgument,
                       "row " + std::to_string(rows) + " has no " + (key.null ? "key" : "value") +
                           " (null); fill or drop such rows before loading",
                       file.string());
        }
        ++rows;
        return sink(key.bytes, value.bytes);
      }));
  return rows;
}

}  // namespace

Result<std::uint64_t> ReadArrowFile(const std::filesystem::path& file,
                                    const RowSink& sink) noexcept {
  QUIVER_ASSIGN_OR_RETURN(const NamedFile opened, OpenParent(file));
  CallbackGuard guard;
  const auto rows = ReadRows(opened, file, [&](std::string_view key, std::string_view value) {
    return guard.Call([&] { return sink(key, value); });
  });
  if (!rows) return AtPath(rows.error(), file);
  QUIVER_TRY(guard.status());
  return *rows;
}

class ArrowFileWriter::Impl {
 public:
  Impl(std::filesystem::path path, NamedFile opened, std::unique_ptr<io::WritableFile> file,
       const ArrowFileOptions& options)
      : path_(std::move(path)),
        opened_(std::move(opened)),
        file_(std::move(file)),
        with_expiry_(options.with_expiry),
        writer_(*file_, "key", "value", with_expiry_ ? "expiry" : "") {}
  // A file without its footer is of no use to anybody.
  ~Impl() {
    if (!finished_) (void)opened_.directory->Remove(opened_.name);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> Add(std::string_view key, std::string_view value, std::uint64_t expiry_us) {
    if (expiry_us != 0 && !with_expiry_) {
      return AtPath(
          Error(ErrorCode::kInvalidArgument, "has no column for expiries; create it with_expiry"),
          path_);
    }
    return WithPath(writer_.Add(key, value, expiry_us));
  }
  Result<void> Finish() {
    QUIVER_TRY(WithPath(writer_.Finish()));
    QUIVER_TRY(WithPath(file_->Close()));
    QUIVER_TRY(opened_.directory->Sync());
    finished_ = true;
    return {};
  }

 private:
  Result<void> WithPath(const Result<void>& done) const {
    return done ? done : Result<void>(AtPath(done.error(), path_));
  }

  const std::filesystem::path path_;
  NamedFile opened_;
  std::unique_ptr<io::WritableFile> file_;
  const bool with_expiry_;
  arrow_ipc::PlainFileWriter writer_;
  bool finished_ = false;
};

Result<std::unique_ptr<ArrowFileWriter>> ArrowFileWriter::Create(
    const std::filesystem::path& file, const ArrowFileOptions& options) noexcept {
  QUIVER_ASSIGN_OR_RETURN(NamedFile opened, OpenParent(file));
  auto created = opened.directory->Create(opened.name);
  if (!created) return AtPath(created.error(), file);
  return std::unique_ptr<ArrowFileWriter>(new ArrowFileWriter(
      std::make_unique<Impl>(file, std::move(opened), std::move(*created), options)));
}

ArrowFileWriter::ArrowFileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ArrowFileWriter::~ArrowFileWriter() = default;
Result<void> ArrowFileWriter::Add(std::string_view key, std::string_view value,
                                  std::uint64_t expiry_us) noexcept {
  return impl_->Add(key, value, expiry_us);
}
Result<void> ArrowFileWriter::Finish() noexcept {
  return impl_->Finish();
}

}  // namespace quiver
