// Followers through the C API: read a database that another process is writing, and move on when
// told to (docs/followers.md).
//
//   quiver_follower_open("/data/fruit", NULL, &follower, &error);
//   quiver_follower_database(follower, &db, &error);    /* one state; stays as it is */
//   quiver_get(db, NULL, "apple", 5, &value, &error);
//   quiver_follower_refresh(follower, NULL, &error);    /* the next _database is the newest state
//   */
//
// The conventions of quiver/c.h hold. A state is the one after a prefix of the writes, every batch
// whole, with every write that was acknowledged before the open or refresh. The writer is not told
// and not slowed down, and nothing in its directory is written.
//
// Thread safety: a follower and its databases may be used by any number of threads.
#pragma once

#include "quiver/c.h"
#include "quiver/c_merge.h"

#ifdef __cplusplus
extern "C" {
#endif

// NOLINTBEGIN(modernize-use-using): this is C

typedef struct quiver_follower quiver_follower;

/// Opens the newest state of the database in `directory`, whether or not it is open elsewhere. The
/// operator (NULL: none) is that of keyspaces whose setting merge_operator is custom.
/// QUIVER_NOT_FOUND, QUIVER_CORRUPTION, QUIVER_UNSUPPORTED, QUIVER_IO (too many open files, say).
quiver_code quiver_follower_open(const char* directory, const quiver_merge_operator* merge_operator,
                                 quiver_follower** follower, quiver_error** error);
/// Moves to the newest state; `moved` (may be NULL) gets false if nothing has changed. A failure
/// leaves the follower where it is. QUIVER_CORRUPTION if the database has gone back behind what was
/// shown, QUIVER_INVALID_ARGUMENT if another one lies there now.
quiver_code quiver_follower_refresh(quiver_follower* follower, bool* moved, quiver_error** error);
/// The state of the last open or refresh: a database for reading only, whose handle is destroyed
/// like any other and may outlive the follower. Its keyspaces, snapshots and iterators are its own;
/// a later state has others. quiver_close() closes it for all handles of the same state.
quiver_code quiver_follower_database(const quiver_follower* follower, quiver_database** database,
                                     quiver_error** error);
void quiver_follower_destroy(quiver_follower* follower);

// NOLINTEND(modernize-use-using)

#ifdef __cplusplus
}  // extern "C"
#endif
