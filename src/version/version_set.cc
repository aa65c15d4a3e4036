#include "version/version_set.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/try.h"
#include "version/catalog_builder.h"
#include "version/identity_file.h"
#include "version/manifest_replay.h"
#include "version/manifest_writer.h"
#include "version/snapshot_edit.h"

namespace quiver {

namespace {

constexpr std::uint64_t kFirstManifest = 1;
constexpr RunNumber kFirstRun = 1;
/// How far ahead of the numbers in use an edit records them: more than one job takes between two
/// edits (at 64 MiB a table, 6 TiB), and small beside 2^64.
constexpr std::uint64_t kNumbersAhead = 100'000;
constexpr std::uint64_t kRolloverBytesMin = std::uint64_t{4} << 20;
constexpr std::uint64_t kRolloverSnapshots = 4;

class VersionSetImpl final : public VersionSet {
 public:
  VersionSetImpl(io::Directory& directory, DatabaseId id, std::uint64_t manifest_number,
                 ReplayedManifest found)
      : directory_(directory),
        id_(id),
        recovery_note_(std::move(found.note)),
        first_file_number_(std::max(found.next_file_number, manifest_number + 1)),
        next_file_number_(first_file_number_),
        next_run_number_(found.next_run_number),
        catalog_(std::move(found.catalog)),
        state_(found.state),
        manifest_number_(manifest_number),
        manifest_bytes_(found.size_bytes) {}

  void Close() override {
    if (writer_ == nullptr) return;
    VersionEdit numbers;
    numbers.next_file_number = next_file_number_.load();
    numbers.next_run_number = next_run_number_.load();
    (void)writer_->Finish(numbers);
    writer_.reset();
  }

  DatabaseId database_id() const override { return id_; }
  CatalogRef catalog() const override {
    MutexLock lock(mutex_);
    return catalog_;
  }
  ManifestState state() const override {
    MutexLock lock(mutex_);
    return state_;
  }
  std::string manifest_name() const override { return ManifestName(manifest_number()); }
  std::uint64_t manifest_bytes() const override {
    MutexLock lock(mutex_);
    return manifest_bytes_;
  }
  const std::string& recovery_note() const override { return recovery_note_; }

  std::uint64_t NewFileNumber() override {
    std::uint64_t number = next_file_number_.fetch_add(1);
    while (taken_numbers_.contains(number)) number = next_file_number_.fetch_add(1);
    return number;
  }
  RunNumber NewRunNumber() override { return next_run_number_.fetch_add(1); }
  std::uint64_t handed_out_end() const override { return first_file_number_ + kNumbersAhead; }
  void ReserveFileNumber(std::uint64_t number) override {
    if (number < handed_out_end()) {
      Raise(next_file_number_, number + 1);
    } else {
      // Whoever made this file chose its number: raising ours to it would use them up.
      taken_numbers_.insert(number);
    }
  }

  Result<CatalogRef> Apply(const VersionEdit& edit) override;

  /// Writes `catalog` as manifest `number` and makes that one the manifest in force.
  Result<void> StartManifest(std::uint64_t number, const Catalog& catalog,
                             const ManifestState& state);

 private:
  static void Raise(std::atomic<std::uint64_t>& counter, std::uint64_t least) {
    std::uint64_t seen = counter.load();
    while (seen < least && !counter.compare_exchange_weak(seen, least)) {
    }
  }
  std::uint64_t manifest_number() const {
    MutexLock lock(mutex_);
    return manifest_number_;
  }
  void RecordNumbers(VersionEdit& edit) const {
    edit.next_file_number = next_file_number_.load() + kNumbersAhead;
    edit.next_run_number = next_run_number_.load() + kNumbersAhead;
  }
  bool WriterIsFull() const {
    return writer_->size_bytes() >
           std::max(kRolloverBytesMin, kRolloverSnapshots * writer_->snapshot_bytes());
  }
  Result<void> MakeDurable(const VersionEdit& edit, const Catalog& catalog,
                           const ManifestState& state);

  io::Directory& directory_;
  const DatabaseId id_;
  const std::string recovery_note_;
  const std::uint64_t first_file_number_;  // the next one when this object was made
  std::set<std::uint64_t> taken_numbers_;  // changed while opening only
  std::atomic<std::uint64_t> next_file_number_;
  std::atomic<RunNumber> next_run_number_;

  // Used by Apply alone. No writer: the next edit starts a new manifest, as it does after Open,
  // because files are never appended to once closed.
  std::unique_ptr<ManifestWriter> writer_;
  std::vector<std::uint64_t> stale_manifests_;

  mutable Mutex mutex_;
  CatalogRef catalog_ GUARDED_BY(mutex_);
  ManifestState state_ GUARDED_BY(mutex_);
  std::uint64_t manifest_number_ GUARDED_BY(mutex_);
  std::uint64_t manifest_bytes_ GUARDED_BY(mutex_);
};

Result<CatalogRef> VersionSetImpl::Apply(const VersionEdit& edit) {
  CatalogBuilder builder(*catalog());
  QUIVER_TRY(builder.Apply(edit));
  CatalogRef next = std::move(builder).Build();
  QUIVER_ASSIGN_OR_RETURN(const ManifestState next_state, AdvanceState(state(), edit));
  if (edit.next_file_number) Raise(next_file_number_, *edit.next_file_number);
  if (edit.next_run_number) Raise(next_run_number_, *edit.next_run_number);

  QUIVER_TRY(MakeDurable(edit, *next, next_state));
  MutexLock lock(mutex_);
  catalog_ = next;
  state_ = next_state;
  manifest_bytes_ = writer_->size_bytes();
  return next;
}

Result<void> VersionSetImpl::MakeDurable(const VersionEdit& edit, const Catalog& catalog,
                                         const ManifestState& state) {
  if (writer_ != nullptr && !WriterIsFull()) {
    VersionEdit recorded = edit;
    RecordNumbers(recorded);
    if (writer_->Append(recorded)) return {};
    // Whether the record is on the disk is unknown now, and a second sync of the same file would
    // prove nothing. A new manifest settles it either way.
    writer_.reset();
  }
  return StartManifest(NewFileNumber(), catalog, state);
}

Result<void> VersionSetImpl::StartManifest(std::uint64_t number, const Catalog& catalog,
                                           const ManifestState& state) {
  // If this fails half-way, CURRENT may name either manifest after a crash, so neither may grow.
  writer_.reset();
  VersionEdit snapshot = SnapshotEdit(catalog, state);
  RecordNumbers(snapshot);
  QUIVER_ASSIGN_OR_RETURN(std::unique_ptr<ManifestWriter> writer,
                          ManifestWriter::Create(directory_, id_, number, snapshot));
  if (Result<void> synced = directory_.Sync(); !synced) {
    writer.reset();
    (void)directory_.Remove(ManifestName(number));
    return synced;
  }
  const std::uint64_t replaced_number = manifest_number();
  if (Result<void> replaced = WriteCurrentFile(directory_, id_, number); !replaced) {
    // CURRENT may name this file already, so it stays until another one is surely in force.
    stale_manifests_.push_back(number);
    return replaced;
  }
  writer_ = std::move(writer);
  {
    MutexLock lock(mutex_);
    manifest_number_ = number;
    manifest_bytes_ = writer_->size_bytes();
  }
  // One that cannot be removed now is an orphan for the next open.
  if (replaced_number != number) stale_manifests_.push_back(replaced_number);
  for (const std::uint64_t stale : stale_manifests_) (void)directory_.Remove(ManifestName(stale));
  stale_manifests_.clear();
  return {};
}

// Without a CURRENT there is no database, unless the file was lost: then there is more than a
// creation that was cut short leaves behind, which is IDENTITY and a first manifest of an empty
// snapshot.
Result<void> CheckHoldsNoDatabase(io::Directory& directory, std::string_view missing) {
  constexpr std::uint64_t kFirstManifestBytesMax = 256;
  QUIVER_ASSIGN_OR_RETURN(const std::vector<io::DirectoryEntry> entries, directory.List());
  for (const io::DirectoryEntry& entry : entries) {
    const ParsedName parsed = ParseFileName(entry.name);
    const bool grown_manifest =
        parsed.kind == FileKind::kManifest &&
        (parsed.number != kFirstManifest || entry.size_bytes > kFirstManifestBytesMax);
    if (parsed.kind == FileKind::kTable || parsed.kind == FileKind::kLogSegment ||
        parsed.kind == FileKind::kCurrent || grown_manifest) {
      return Error(ErrorCode::kCorruption,
                   "is missing, but the directory holds a database, as " + entry.name +
                       " shows; restore the file, or rescue the data with 'quiver repair'",
                   std::string(missing));
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<VersionSet>> VersionSet::Create(io::Directory& directory, DatabaseId id) {
  if (const Result<void> checked = CheckHoldsNoDatabase(directory, kCurrentName); !checked) {
    return checked.error().WithContext("a database cannot be made here");
  }
  const Result<void> removed = directory.Remove(ManifestName(kFirstManifest));
  if (!removed && removed.error().code() != ErrorCode::kNotFound) return removed.error();
  QUIVER_TRY(WriteIdentityFile(directory, id));
  ReplayedManifest nothing;
  nothing.catalog = NewEmptyCatalog();
  nothing.next_run_number = kFirstRun;
  auto versions =
      std::make_unique<VersionSetImpl>(directory, id, kFirstManifest, std::move(nothing));
  QUIVER_TRY(versions->StartManifest(kFirstManifest, *versions->catalog(), versions->state()));
  return versions;
}

Result<std::unique_ptr<VersionSet>> VersionSet::Open(io::Directory& directory) {
  const auto missing = [&](std::string_view name) -> Error {
    if (auto checked = CheckHoldsNoDatabase(directory, name); !checked) return checked.error();
    return Error(ErrorCode::kNotFound, "there is no database in " + directory.path().string());
  };
  const auto id = ReadIdentityFile(directory);
  if (!id) return id.error().code() == ErrorCode::kNotFound ? missing(kIdentityName) : id.error();
  const auto number = ReadCurrentFile(directory, *id);
  if (!number) {
    return number.error().code() == ErrorCode::kNotFound ? missing(kCurrentName) : number.error();
  }
  QUIVER_ASSIGN_OR_RETURN(ReplayedManifest found, ReplayManifest(directory, *id, *number));
  return std::make_unique<VersionSetImpl>(directory, *id, *number, std::move(found));
}

}  // namespace quiver
