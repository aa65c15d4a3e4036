// How the C API makes the reports that are read by name (quiver/c_admin.h).
//
// Thread safety: free functions.
#pragma once

#include <string>
#include <vector>

#include "handles.h"

namespace quiver::c {

/// One line for each damage.
std::vector<std::string> DamageLines(const std::vector<Damage>& damages);

/// The report as a handle, unless nobody wants it; its text is made of its parts if it has none.
void GiveReport(quiver_report report, quiver_report** out);

/// Turns a C callback into one of the C++ API; none of NULL.
ProgressCallback ProgressOf(quiver_progress progress, void* context);

}  // namespace quiver::c
