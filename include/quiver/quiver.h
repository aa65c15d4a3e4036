// All of Quiver's public API in one include: the C++ API for C++, the C API for C.
#pragma once

#ifdef __cplusplus
#include "quiver/admin.h"         // IWYU pragma: export
#include "quiver/arrow_stream.h"  // IWYU pragma: export
#include "quiver/database.h"      // IWYU pragma: export
#else
#include "quiver/c.h"              // IWYU pragma: export
#include "quiver/c_admin.h"        // IWYU pragma: export
#include "quiver/c_keyspace.h"     // IWYU pragma: export
#include "quiver/c_merge.h"        // IWYU pragma: export
#include "quiver/c_transaction.h"  // IWYU pragma: export
#endif
