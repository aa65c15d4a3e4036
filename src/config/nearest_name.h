// The name that somebody meant who wrote another one.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace quiver {

/// The fewest insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`
/// (the optimal string alignment distance). Cost: O(|a| * |b|).
std::size_t EditDistance(std::string_view a, std::string_view b);

/// The name in `names` nearest to `name`, the first of equals; nothing if more than a third of the
/// letters would have to change. Case and dashes for underscores count as no difference. Only the
/// first 64 bytes of `name` are looked at.
std::optional<std::string_view> NearestName(std::string_view name,
                                            std::span<const std::string_view> names);

}  // namespace quiver
