// All of Quiver's public API in one include.
#pragma once

#include "quiver/admin.h"         // IWYU pragma: export
#include "quiver/arrow_stream.h"  // IWYU pragma: export
#include "quiver/database.h"      // IWYU pragma: export
