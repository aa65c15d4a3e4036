// VersionSet: the current version of every keyspace and the manifest that makes them durable.
//
// Files: IDENTITY (database id, format version), CURRENT (the name of the manifest), MANIFEST-N (a
// snapshot edit followed by edits, each checksummed and chained to the one before).
//
// Invariants:
//  1. An edit is durable in the manifest before the version it makes is current.
//  2. After any failed write or sync the manifest file is abandoned: the next edit starts a new
//     manifest with a snapshot (new file, sync, CURRENT replaced durably). If that fails too, the
//     error is returned and nothing changed.
//  3. File and run numbers are never used twice, not even after a crash.
//  4. Open never falls back to an older manifest: a damaged one is kCorruption.
//
// Numbers: every edit records numbers far ahead of those in use, and a clean close the exact ones,
// so that invariant 3 needs no write for each number. Between Open and the first Apply numbers are
// not yet recorded; files found on disk are then kept apart by ReserveFileNumber.
//
// Thread safety: Apply from one thread at a time (the engine's manifest lock); current() and the
// number makers from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/identity.h"
#include "base/mutex.h"
#include "io/directory.h"
#include "quiver/error.h"
#include "version/catalog.h"
#include "version/version_edit.h"

namespace quiver {

/// What the manifest knows beyond the tables.
struct ManifestState {
  std::uint64_t first_log_segment = 0;
  SequenceNumber flushed_sequence = 0;
};

class VersionSet {
 public:
  /// Makes IDENTITY, the first manifest and CURRENT in an empty directory.
  static Result<std::unique_ptr<VersionSet>> Create(io::Directory& directory, DatabaseId id);
  /// Reads what Create and Apply wrote; writes nothing. Errors: kNotFound (no database),
  /// kCorruption, kUnsupported (newer format).
  static Result<std::unique_ptr<VersionSet>> Open(io::Directory& directory);
  virtual ~VersionSet() = default;

  virtual DatabaseId database_id() const = 0;
  virtual CatalogRef catalog() const = 0;
  virtual ManifestState state() const = 0;
  /// The version of the default keyspace.
  VersionRef current() const { return catalog()->keyspaces().front().version; }

  /// Makes `edit` durable, then current; returns the new catalog. Numbers handed out so far are
  /// recorded with it. kNoSpace and kIo leave the old version current, but the edit may still be
  /// found by the next Open, as its record may have reached the disk: keep the files it adds and
  /// those it removes until a later Apply has succeeded. kInternal: the edit does not fit.
  /// Cost: one sync, and O(tables).
  virtual Result<CatalogRef> Apply(const VersionEdit& edit) = 0;

  /// Marks the manifest as complete if Apply wrote to it: without that the next open only skips
  /// some numbers. To be called while the directory is still locked; Apply must not follow.
  virtual void Close() = 0;

  virtual std::uint64_t NewFileNumber() = 0;
  virtual RunNumber NewRunNumber() = 0;
  /// A file with this number or a higher one was surely not made by this database before the last
  /// Open. Below it, a crash may have kept the manifest from naming a file of ours.
  virtual std::uint64_t handed_out_end() const = 0;
  /// `number` is never handed out: a file on disk has it.
  virtual void ReserveFileNumber(std::uint64_t number) = 0;

  /// Name of the manifest in use.
  virtual std::string manifest_name() const = 0;
  virtual std::uint64_t manifest_bytes() const = 0;
  /// What Open left out of the manifest because a crash had cut it short, or empty: one sentence
  /// for the recovery report. Nothing acknowledged is ever left out.
  virtual const std::string& recovery_note() const = 0;
};

/// The database that manifest `name` says it belongs to. kCorruption if its header does not verify.
Result<DatabaseId> ReadManifestOwner(io::Directory& directory, std::string_view name);
/// Whether manifest `name` is as one of ours is before its header is whole: empty, the mark of a
/// manifest as far as the file goes, or zeros, which a crash may leave of it.
Result<bool> BeginsAsUnfinishedManifest(io::Directory& directory, std::string_view name);

/// What a directory entry is, by its name.
enum class FileKind : std::uint8_t {
  kTable,
  kLogSegment,
  kManifest,
  kCurrent,
  kIdentity,
  kLock,
  kConfig,
  kTemporary,
  kForeign,
};
struct ParsedName {
  FileKind kind = FileKind::kForeign;
  std::uint64_t number = 0;
};
ParsedName ParseFileName(std::string_view name);

inline constexpr std::string_view kCurrentName = "CURRENT";
inline constexpr std::string_view kIdentityName = "IDENTITY";
inline constexpr std::string_view kLockName = "LOCK";
inline constexpr std::string_view kConfigName = "CONFIG.toml";
/// "MANIFEST-0000000003".
std::string ManifestName(std::uint64_t number);

/// A record of a manifest, for inspection.
struct ManifestRecord {
  std::uint64_t offset = 0;
  std::uint64_t payload_bytes = 0;
  std::string damage;  ///< empty if whole
  VersionEdit edit;
};
/// Walks one manifest without the rest of the database. Return false from `sink` to stop.
Result<void> WalkManifest(io::Directory& directory, std::string_view name,
                          const std::function<bool(const ManifestRecord&)>& sink);

}  // namespace quiver
