// What somebody may have meant who wrote a name that does not exist. The library has the same for
// settings, but not in its public API, which is all that the command sees.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quiver::cli {

/// "; did you mean 'get' or 'put'?": the names that are nearest to `name`, if a third of its
/// letters or fewer are wrong. Empty if none is.
std::string DidYouMean(std::string_view name, const std::vector<std::string>& names);

}  // namespace quiver::cli
