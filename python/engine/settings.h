// Settings of databases and keyspaces: keyword arguments in, a dict of texts out.
//
// Thread safety: under the GIL (see common.h).
#pragma once

#include "common.h"

namespace quiver::python {

/// Sets what the keyword arguments name. TypeError for a name that is no setting.
void ApplySettings(DatabaseConfig& config, const nb::kwargs& settings);

/// Every setting by name, as text.
nb::dict SettingsDict(const DatabaseConfig& config);

}  // namespace quiver::python
