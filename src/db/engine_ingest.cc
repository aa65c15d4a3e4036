// Engine::IngestArrow: the decision of a bulk ingest.
//
// Tables hold the sequence number of each row, so the number must be known before they are written,
// and writers must not wait while they are. So the number is chosen ahead of those in use, by more
// than can be written meanwhile; when the tables are done it takes its place in the order of
// writes: the log passes over what lies between. 56 bits leave room for that: an ingest of a
// gigabyte takes a hundred million numbers of seventy thousand million million.
//
//   writes   … 41 42 43      44 45 46 47 │          │ 1048620 …
//   ingest            files ► tables with 1048619 ──┘
//                                         pass over 48 … 1048619, commit, publish
//
// If writers come that far before (kOvertaken), the tables are written again with a larger lead.
#include <algorithm>
#include <array>
#include <utility>

#include "base/try.h"
#include "compaction/ingest_job.h"
#include "compaction/ingest_level.h"
#include "db/engine.h"

namespace quiver {

namespace {

constexpr std::uint64_t kMemoryBytesMin = std::uint64_t{1} << 20;
constexpr std::uint64_t kLeadMin = std::uint64_t{1} << 20;
// What a frame of the log can pass over.
constexpr std::uint64_t kLeadMax = (std::uint64_t{1} << 32) - 1;
// An entry of the log has 3 bytes or more, and tables are written faster than a log of such
// entries.
constexpr std::uint64_t kBytesPerNumber = 8;
constexpr int kWritesMax = 4;
// So often writers to the same keys may come between flush and commit, until they have to wait.
constexpr int kTriesBeforeWait = 3;

std::uint64_t LeadOf(const IngestJob& job, int attempt) {
  const std::uint64_t lead = kLeadMin + job.rows() + job.row_bytes() / kBytesPerNumber;
  return std::min(lead << (2 * attempt), kLeadMax);
}

bool HasKeyIn(const MemtableHandle& memtable, std::string_view smallest, std::string_view largest) {
  if (memtable.table().entry_count() == 0) return false;
  const auto entries = memtable.table().NewIterator();
  entries->Seek(smallest, kSequenceMax);
  return entries->Valid() && entries->entry().key <= largest;
}

// Whether a memtable would hide rows of the tables, being asked first.
bool IsCoveredByMemtables(const KeyspaceState& keyspace, const VersionEdit& edit) {
  const std::shared_ptr<const ReadView> view = keyspace.state.views().Pin();
  return std::ranges::any_of(edit.added, [&](const VersionEdit::AddedTable& added) {
    const auto covers = [&](const MemtableRef& memtable) {
      return HasKeyIn(*memtable, added.summary.smallest_key, added.summary.largest_key);
    };
    return covers(view->active) || std::ranges::any_of(view->immutables, covers);
  });
}

// A file that errors call by the path that the caller gave: elsewhere names of files are enough,
// since they lie in the directory of the database.
class InputFile final : public io::ReadableFile {
 public:
  InputFile(std::unique_ptr<io::ReadableFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}
  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override {
    Result<std::size_t> size = file_->ReadAt(offset, buffer);
    if (size) return size;
    return Error(size.error().code(), size.error().message(), path_, size.error().offset(),
                 size.error().os_error());
  }
  std::uint64_t size_bytes() const override { return file_->size_bytes(); }
  const std::string& name() const override { return path_; }

 private:
  std::unique_ptr<io::ReadableFile> file_;
  std::string path_;
};

struct OpenedInputs {
  std::vector<std::unique_ptr<io::Directory>> directories;
  std::vector<std::unique_ptr<io::ReadableFile>> files;
};

Result<OpenedInputs> OpenInputs(io::FileSystem& file_system,
                                std::span<const std::filesystem::path> files) {
  OpenedInputs inputs;
  for (const std::filesystem::path& named : files) {
    const std::filesystem::path file = file_system.Resolved(named);
    const std::filesystem::path parent = file.has_parent_path() ? file.parent_path() : ".";
    QUIVER_ASSIGN_OR_RETURN(auto directory, file_system.OpenDirectory(parent, false));
    auto opened = directory->OpenForRead(file.filename().string());
    if (!opened && opened.error().code() == ErrorCode::kCorruption) {
      return Error(ErrorCode::kInvalidArgument,
                   "is not a regular file: name files, not directories, pipes or devices",
                   named.string());
    }
    if (!opened)
      return Error(opened.error().code(), opened.error().message(), named.string(),
                   Error::kNoOffset, opened.error().os_error());
    inputs.directories.push_back(std::move(directory));
    inputs.files.push_back(std::make_unique<InputFile>(*std::move(opened), named.string()));
  }
  return inputs;
}

// A job that ends in any way lets Close() go on.
class JobScope {
 public:
  explicit JobScope(BackgroundCompactionWorker& worker) : worker_(worker) {}
  ~JobScope() { worker_.EndJob(); }
  JobScope(const JobScope&) = delete;
  JobScope& operator=(const JobScope&) = delete;

 private:
  BackgroundCompactionWorker& worker_;
};

}  // namespace

Result<void> Engine::CommitIngest(KeyspaceState& keyspace, SequenceNumber sequence,
                                  VersionEdit& edit, bool& overtaken) {
  bool reached_manifest = false;
  const auto commit = [&]() -> Result<void> {
    WriteAdvance advance{.sequence = sequence,
                         .keyspace = &keyspace,
                         .is_ready = [&] { return !IsCoveredByMemtables(keyspace, edit); },
                         .wait_for_flush = [&] { return worker_->WaitForFlush(); },
                         .commit =
                             [&] {
                               reached_manifest = true;
                               return worker_->CommitIngest(keyspace, edit);
                             }};
    for (int tries = 0;; ++tries) {
      advance.insist = tries == kTriesBeforeWait;
      QUIVER_ASSIGN_OR_RETURN(const AdvanceOutcome outcome, write_path_->Advance(advance));
      if (outcome != AdvanceOutcome::kNotReady) {
        overtaken = outcome == AdvanceOutcome::kOvertaken;
        return {};
      }
      QUIVER_TRY(write_path_->Rotate());
      QUIVER_TRY(worker_->WaitForFlush());
    }
  };
  const Result<void> committed = commit();
  // Tables that the manifest may name are kept, whatever it answered.
  if (!reached_manifest) obsolete_files_->AddOutputs(edit);
  return committed;
}

Result<IngestReport> Engine::IngestArrow(std::span<const std::filesystem::path> files,
                                         const IngestOptions& options) {
  QUIVER_TRY(CheckWritable());
  QUIVER_TRY(health_.CheckWritable());
  QUIVER_ASSIGN_OR_RETURN(KeyspaceState* const keyspace, Resolve(options.keyspace));
  QUIVER_ASSIGN_OR_RETURN(const OpenedInputs inputs, OpenInputs(*environment_.file_system, files));
  QUIVER_ASSIGN_OR_RETURN(const JobContext context, worker_->BeginJob(*keyspace));
  const JobScope scope(*worker_);
  const ThreadMarks::Scope mark(ingesting_);
  IngestJob::Input input{.columns = {.key = options.key_column,
                                     .value = options.value_column,
                                     .expiry = options.expiry_column},
                         .refuse_duplicates = options.refuse_duplicates,
                         .memory_bytes = std::max(options.memory_bytes, kMemoryBytesMin),
                         .progress = options.progress};
  for (const auto& file : inputs.files) input.files.push_back(file.get());
  IngestJob job(context, std::move(input));
  QUIVER_TRY(job.Collect());

  IngestReport report;
  report.rows_read = job.rows();
  report.was_sorted = job.was_sorted();
  if (job.rows() == 0) return report;
  for (int attempt = 0; attempt < kWritesMax; ++attempt) {
    const SequenceNumber sequence =
        visible_sequence_.load(std::memory_order_acquire) + LeadOf(job, attempt);
    if (sequence > kSequenceMax) break;
    const std::uint32_t level =
        IngestLevel(keyspace->config, *keyspace->state.views().Pin()->version, job.smallest_key(),
                    job.largest_key());
    const auto compression =
        level == 0 ? keyspace->config.compression : keyspace->config.compression_bottom;
    QUIVER_ASSIGN_OR_RETURN(
        JobResult written,
        job.Write({.sequence = sequence, .level = level, .compression = compression}));
    bool overtaken = false;
    QUIVER_TRY(CommitIngest(*keyspace, sequence, written.edit, overtaken));
    if (overtaken) continue;
    core_->metrics.RecordFlush(written.edit.added.front().level, written.written_bytes);
    report.rows_written = written.entries_written;
    report.tables = written.edit.added.size();
    report.table_bytes = written.written_bytes;
    report.level = written.edit.added.front().level;
    report.spilled_bytes = job.spilled_bytes();
    report.sequence = sequence;
    return report;
  }
  return Error(ErrorCode::kBusy,
               "other writes used up every sequence number that was set aside for the rows; try "
               "again when fewer writes come");
}

}  // namespace quiver
