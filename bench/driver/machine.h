// What else the machine did while something was measured, and what the machine is.
//
// The processor time of others is all busy time of the machine, less that of this process and its
// ended children, less that of the kernel's own threads, which write back what was measured. Time
// stolen by a hypervisor counts as well.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace quiver::bench {

/// Sums since boot, in seconds.
struct MachineTimes {
  double wall_s = 0;
  double busy_s = 0;
  double stolen_s = 0;
  double own_s = 0;     ///< this process and its ended children
  double kernel_s = 0;  ///< kernel threads
};

MachineTimes ReadMachineTimes();

struct Disturbance {
  double others_share = 0;  ///< processor time of others / wall time
  double stolen_share = 0;  ///< of all processors
  bool disturbed = false;
};

/// What lay between two readings. Disturbed: others took more than `share_max` of a processor, or
/// the hypervisor did; below the clock's resolution nothing counts.
Disturbance DisturbanceBetween(const MachineTimes& before, const MachineTimes& after,
                               double share_max);

/// Processor, memory, kernel, scaling governor, huge pages, load: for the report.
std::map<std::string, std::string> MachineState();

/// Bytes of anonymous and shared memory of this process: without pages of files.
std::uint64_t OwnMemoryBytes();
/// write_bytes of /proc/self/io: what this process made the system write, or 0 if unknown.
std::uint64_t OwnWrittenBytes();
/// Processor seconds of all threads of this process.
double OwnProcessorSeconds();
/// Bytes that the files under `directory` take on the disk.
std::uint64_t DiskBytes(const std::string& directory);

}  // namespace quiver::bench
