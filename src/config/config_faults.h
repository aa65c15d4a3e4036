// ConfigFaults: everything that is wrong with a configuration file, gathered while it is read and
// told at once, in the order of the lines.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "quiver/error.h"

namespace quiver {

class ConfigFaults {
 public:
  /// `source` names the file and must outlive the object.
  explicit ConfigFaults(std::string_view source) : source_(source) {}

  /// `line` counts from 1.
  void Add(std::size_t line, std::string message) { faults_.emplace(line, std::move(message)); }
  bool empty() const noexcept { return faults_.empty(); }
  /// True once there are so many faults that the reader may stop: nobody reads more, and a hostile
  /// text could be nothing but faults.
  bool full() const noexcept { return faults_.size() >= kFaultsMax; }

  /// kInvalidArgument with one line "source:line: message" for each fault.
  Error ToError() const;

  static constexpr std::size_t kFaultsMax = 100;

 private:
  std::string_view source_;
  std::multimap<std::size_t, std::string> faults_;  ///< by line, then as added
};

}  // namespace quiver
