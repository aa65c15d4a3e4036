// The parts of a Follower that need no real disk.
//
// Thread safety: free functions, from any thread.
#pragma once

#include <filesystem>
#include <memory>

#include "db/engine.h"
#include "io/environment.h"
#include "quiver/error.h"

namespace quiver {

/// Opens the newest state, and begins again from CURRENT when the writer gets in between. Bounded:
/// then the error of the last try.
Result<std::shared_ptr<Engine>> OpenFollower(
    const io::Environment& environment, const std::filesystem::path& path,
    const std::shared_ptr<const MergeOperator>& merge_operator);
/// Whether `next` may be shown after `shown`.
Result<void> CheckGoesOn(const Engine& shown, const Engine& next);

}  // namespace quiver
