// Follower: reads a database that another process is writing, from any number of processes, and
// moves on when told to.
//
//   auto follower = quiver::Follower::Open("/tmp/fruit");
//   auto db = (*follower)->database();     // one state; stays as it is
//   db->Get("apple");
//   (*follower)->Refresh();                // database() is now the newest state
//
// What it sees: a prefix of the writes, in their order, with every batch whole. Every write that
// was acknowledged before Open() or Refresh() was called is in it, whatever its wal_mode; a write
// under way may be. The writer is not told, not slowed down and not kept from anything; nothing in
// the directory is written, not even a lock. docs/followers.md has the rest.
//
// Thread safety: every method from any thread. A Database handed out may be used for as long as one
// likes, also after the Follower is gone.
#pragma once

#include <filesystem>
#include <memory>

#include "quiver/database.h"
#include "quiver/error.h"
#include "quiver/merge_operator.h"

namespace quiver {

class Follower {
 public:
  /// Opens the newest state of the database in `directory`, whether or not it is open elsewhere.
  /// Cost: in proportion to the manifest and the log, and one open a table; all tables are kept
  /// open. Errors: kNotFound, kCorruption, kUnsupported, kIo (too many open files, say).
  static Result<std::unique_ptr<Follower>> Open(
      const std::filesystem::path& directory,
      std::shared_ptr<const MergeOperator> merge_operator = nullptr) noexcept;
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  /// Moves to the newest state; false if nothing has changed, which costs a few small reads, else
  /// as much as Open. On an error database() stays what it is. kCorruption if the database has gone
  /// back behind what was shown, kInvalidArgument if another one lies there now.
  Result<bool> Refresh() noexcept;

  /// The state of the last Open or Refresh, never null: a database for reading only. Its keyspaces,
  /// snapshots and iterators are its own; a later state has others.
  std::shared_ptr<Database> database() const noexcept;

 private:
  class Impl;
  explicit Follower(std::unique_ptr<Impl> impl) noexcept;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace quiver
