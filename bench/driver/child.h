// RunChild: a group of rows in a process of its own, so that no engine's memory, threads or caches
// leak into another's figures. The child is this program again; it writes one JSON object a line to
// a pipe and anything else to the terminal.
//
// Thread safety: one thread, which has made no others when it calls RunChild.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "driver/machine.h"
#include "driver/measurement.h"
#include "driver/memory_group.h"

namespace quiver::bench {

/// The descriptor that a child writes its lines to.
inline constexpr int kChildPipe = 3;

enum class Allocator : std::uint8_t {
  kSystem,
  kJemalloc,
  kJemallocHugePages,  ///< with transparent huge pages
};

struct ChildRequest {
  std::vector<std::string> arguments;  ///< flags of the child
  std::string program;                 ///< another build of this program; empty: this one
  Allocator allocator = Allocator::kSystem;
  const MemoryGroup* memory_group = nullptr;
  double timeout_s = 3600;
  double others_share_max = 0.1;  ///< see DisturbanceBetween
};

struct ChildOutcome {
  std::vector<Measurement> measurements;
  std::vector<std::string> skipped;  ///< "row: reason"
  std::string error;                 ///< empty if the child ended well
  Disturbance disturbance;
  double seconds = 0;
};

ChildOutcome RunChild(const ChildRequest& request);

/// True if this build knows where jemalloc is, and it is there.
bool JemallocAvailable();
/// True if, beside that, the system allows huge pages.
bool HugePagesAvailable();

// The child's side.
void ReportRow(std::string_view row, double value, Unit unit);
void ReportSkipped(std::string_view row, std::string_view reason);

/// Parses a line of a child into `outcome`; false if it is none.
bool ParseChildLine(const std::string& line, ChildOutcome& outcome);

}  // namespace quiver::bench
