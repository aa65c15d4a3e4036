// Followers, for C.
#include "handles.h"
#include "quiver/c_follower.h"

using quiver::c::Call;
using quiver::c::GiveHandle;

quiver_code quiver_follower_open(const char* directory, const quiver_merge_operator* merge_operator,
                                 quiver_follower** follower, quiver_error** error) {
  return Call(error, {{directory, "directory"}, {follower, "follower"}}, [&] {
    return GiveHandle(quiver::Follower::Open(directory, quiver::c::OperatorOf(merge_operator)),
                      follower);
  });
}

quiver_code quiver_follower_refresh(quiver_follower* follower, bool* moved, quiver_error** error) {
  return Call(error, {{follower, "follower"}}, [&]() -> quiver::Result<void> {
    const auto refreshed = follower->follower->Refresh();
    if (!refreshed) return refreshed.error();
    if (moved != nullptr) *moved = *refreshed;
    return {};
  });
}

quiver_code quiver_follower_database(const quiver_follower* follower, quiver_database** database,
                                     quiver_error** error) {
  return Call(error, {{follower, "follower"}, {database, "database"}},
              [&]() -> quiver::Result<void> {
                *database = new quiver_database{follower->follower->database()};
                return {};
              });
}

void quiver_follower_destroy(quiver_follower* follower) {
  delete follower;
}
