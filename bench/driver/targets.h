// The floors and goals that Quiver is held to: bench/targets.json.
//
// Thread safety: values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/error.h"

namespace quiver::bench {

enum class TargetKind : std::uint8_t {
  kRatio,       ///< Quiver's figure over the best peer's, inverted where less is better: at least
  kRatioMost,   ///< Quiver's figure over the peer's, as it is: at most
  kValueMost,   ///< Quiver's figure itself: at most
  kEfficiency,  ///< Quiver's figure against the limit: at least
};

struct Target {
  std::string row;
  std::string dataset;
  TargetKind kind = TargetKind::kRatio;
  std::string against;  ///< a peer's kind ("rocksdb"), or empty for the best
  std::optional<double> floor;
  std::optional<double> goal;
};

/// Parses the text of bench/targets.json. kInvalidArgument names the entry at fault.
Result<std::vector<Target>> ParseTargets(std::string_view json);
/// Reads `path`, or the file of the source tree that this was built from if `path` is empty.
Result<std::vector<Target>> LoadTargets(const std::string& path);

/// The name of a kind in the file: "ratio", "ratio_most", "value_most", "efficiency".
std::string_view TargetKindName(TargetKind kind) noexcept;
/// True if `value` keeps to `bound` as the kind demands.
bool Meets(TargetKind kind, double value, double bound) noexcept;

}  // namespace quiver::bench
