// The reference of all settings as a page of documentation, made from the settings table.
//
// Thread safety: pure.
#pragma once

#include <string>

namespace quiver {

/// The text of docs/configuration.md.
std::string ConfigReferenceMarkdown();

}  // namespace quiver
