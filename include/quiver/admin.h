// Administration of a database that nobody has open: verify, repair, inspect, import.
//
// Verify and the Inspect functions never write to the directory. Repair works on a copy. A callback
// that throws ends the call with kInvalidArgument and what() of the exception.
//
// Thread safety: free functions; each call is independent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/database.h"
#include "quiver/error.h"
#include "quiver/progress.h"
#include "quiver/types.h"

namespace quiver {

/// One damaged place.
struct Damage {
  std::string file;
  std::uint64_t offset = 0;
  std::string what;
};

/// What the manifest says of a keyspace.
struct KeyspaceSummary {
  std::uint32_t id = 0;
  std::string name;
  std::uint64_t tables = 0;
  std::uint64_t bytes = 0;            ///< of its tables
  std::uint64_t entries = 0;          ///< in its tables
  std::uint64_t expiring_tables = 0;  ///< with entries that expire
  std::uint64_t range_deletes = 0;    ///< that its tables still need
};

struct VerifyReport {
  std::uint64_t files = 0;    ///< of the database, without leftovers and files of others
  std::uint64_t bytes = 0;    ///< of these files
  std::uint64_t entries = 0;  ///< in tables, and in the log as far as no table has them
  std::vector<Damage> damages;
  std::vector<KeyspaceSummary> keyspaces;  ///< in the order of their creation
  std::vector<std::string> notes;  ///< what is no damage; what the next open would cut or remove
};

/// Reads every byte of every file and checks checksums, order, counts and the manifest. The log is
/// judged as an open with the default wal_recovery_mode judges it: what that cuts is a note, what
/// that refuses is damage. An error if the directory is no database at all, or if this process may
/// not open one of its files (no right, no free file descriptor, no memory): Error::os_error()
/// tells, and it says nothing of the file.
Result<VerifyReport> VerifyDatabase(const std::filesystem::path& directory,
                                    const ProgressCallback& progress = {}) noexcept;

struct RepairReport {
  std::uint64_t entries_recovered = 0;
  std::uint64_t tables_read = 0;
  std::uint64_t segments_read = 0;
  std::vector<std::string> lost;  ///< each block, file or frame that could not be read
};

/// Builds a new database in `destination` (which must be empty or absent: kInvalidArgument) from
/// whatever can still be read in `source`, with or without its manifest: keyspaces with their names
/// and settings, expiries and merge operands; where names are lost, "keyspace-ID". The source is
/// not changed. A file that this process may not open (see VerifyDatabase) is an error, not a loss.
///
/// The work is done in a directory beside it, `destination` with ".unfinished" behind its name,
/// which must be absent (kInvalidArgument) and has gone afterwards: `destination` is a whole
/// database or none, also after an error or a kill. Needs room for the new database once if both
/// lie on one file system, twice if `destination` is a mount point.
Result<RepairReport> RepairDatabase(const std::filesystem::path& source,
                                    const std::filesystem::path& destination,
                                    const ProgressCallback& progress = {}) noexcept;

/// A line of an inspection; return false to stop.
using LineSink = std::function<bool(std::string_view line)>;

/// Prints a log segment, a manifest or a table, by the file's kind. `entries` also prints each
/// entry (keys escaped).
Result<void> InspectFile(const std::filesystem::path& file, bool entries,
                         const LineSink& sink) noexcept;

/// A row of a foreign Arrow file: key and value bytes; return false to stop.
using RowSink = std::function<bool(std::string_view key, std::string_view value)>;

/// Reads the `key` and `value` columns (binary or utf8, plain, large or view, or
/// fixed_size_binary) of any Arrow IPC file, in file order; null values are refused. Tables of
/// Quiver itself are accepted too: deletes, superseded versions and what has expired are then left
/// out. kUnsupported if one holds operands of merges, of which only its database can make values.
Result<std::uint64_t> ReadArrowFile(const std::filesystem::path& file,
                                    const RowSink& sink) noexcept;

struct ArrowFileOptions {
  /// A third column, expiry (uint64): microseconds since 1970, 0: never. IngestOptions reads it.
  bool with_expiry = false;
};

/// Writes rows to a plain Arrow IPC file with binary columns key and value.
class ArrowFileWriter {
 public:
  /// Creates `file`; kIo if it exists. Without a successful Finish() it is removed again.
  static Result<std::unique_ptr<ArrowFileWriter>> Create(
      const std::filesystem::path& file, const ArrowFileOptions& options = {}) noexcept;
  ~ArrowFileWriter();
  /// kInvalidArgument for an expiry without its column.
  Result<void> Add(std::string_view key, std::string_view value,
                   std::uint64_t expiry_us = 0) noexcept;
  /// Writes the footer and syncs. No Add() afterwards.
  Result<void> Finish() noexcept;

 private:
  class Impl;
  explicit ArrowFileWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Bytes as printable ASCII: \xNN for the rest, \\ for a backslash.
std::string EscapeBytes(std::string_view bytes);
/// The inverse of EscapeBytes. kInvalidArgument with the position of a bad escape.
Result<std::string> UnescapeBytes(std::string_view text);

/// "0.1.0".
std::string_view VersionString() noexcept;
/// Codecs and instruction sets of this build, for --version.
std::string BuildInfo();

}  // namespace quiver
