// Journal: what a run has measured so far, a line of JSON a child process, so that a long run that
// was cut goes on where it ended.
//
// Invariants:
//  1. All lines are of one run: the first says what it measures (plan, scale, commit, machine), and
//     another run refuses the file.
//  2. Only children that ended well are noted; a torn last line is as if it were not there.
//
// Thread safety: one thread.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "driver/child.h"
#include "quiver/error.h"

namespace quiver::bench {

class Journal {
 public:
  using Identity = std::map<std::string, std::string>;

  /// Keeps nothing: Find() finds what Add() was given since.
  Journal() = default;
  /// Goes on with the file, or begins it. kInvalidArgument if it is of another run.
  static Result<Journal> Open(const std::filesystem::path& path, const Identity& identity);

  std::optional<ChildOutcome> Find(const std::string& child) const;
  /// Notes how a child ended, unless it failed.
  Result<void> Add(const std::string& child, const ChildOutcome& outcome);
  /// Removes the file: the run is complete.
  void Remove();
  /// True if the file is there for a later call.
  bool kept() const noexcept { return !path_.empty(); }

 private:
  Result<void> Append(const std::string& line);

  std::filesystem::path path_;
  std::map<std::string, ChildOutcome> outcomes_;
};

}  // namespace quiver::bench
