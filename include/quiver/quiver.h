// All of Quiver's public API in one include: the C++ API for C++, the C API for C.
#pragma once

#ifdef __cplusplus
#include "quiver/admin.h"         // IWYU pragma: export
#include "quiver/arrow_stream.h"  // IWYU pragma: export
#include "quiver/backup.h"        // IWYU pragma: export
#include "quiver/database.h"      // IWYU pragma: export
#include "quiver/dataset.h"       // IWYU pragma: export
#include "quiver/follower.h"      // IWYU pragma: export
#else
#include "quiver/c.h"              // IWYU pragma: export
#include "quiver/c_admin.h"        // IWYU pragma: export
#include "quiver/c_copies.h"       // IWYU pragma: export
#include "quiver/c_follower.h"     // IWYU pragma: export
#include "quiver/c_ingest.h"       // IWYU pragma: export
#include "quiver/c_keyspace.h"     // IWYU pragma: export
#include "quiver/c_merge.h"        // IWYU pragma: export
#include "quiver/c_transaction.h"  // IWYU pragma: export
#endif
