// MachineConstants: what this machine can do at best, measured in the same run as the engines.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace quiver::bench {

struct MachineConstants {
  double processors = 1;
  double memory_load_ns = 0;          ///< one dependent load that misses all caches, huge pages
  double memory_load_small_ns = 0;    ///< the same on pages of 4 KiB
  double memory_load_overlap_ns = 0;  ///< each of eight independent such loads
  double copy_ns_per_byte = 0;        ///< memcpy of large blocks
  double read_ns_per_byte = 0;        ///< summing up memory in order
  double crc_ns_per_byte = 0;         ///< CRC32C, one stream
  double write_call_us = 0;           ///< write() of 120 bytes to a file
  double write_ns_per_byte = 0;       ///< write() of a mebibyte at a time
  double cached_read_us = 0;          ///< pread() of 4 KiB from the page cache
  double sync_grow_us = 0;            ///< append 4 KiB and fdatasync
  double sync_overwrite_us = 0;       ///< overwrite 4 KiB of a written file and fdatasync
  double sync_direct_us = 0;          ///< the same by O_DIRECT and RWF_DSYNC; 0 if refused
  double disk_write_ns_per_byte = 0;  ///< sequential, O_DIRECT (else: fdatasync included)
  double disk_read_ns_per_byte = 0;   ///< sequential, O_DIRECT
  double disk_read_us = 0;            ///< 4 KiB at random, O_DIRECT, one at a time

  /// The quickest way to make 4 KiB durable.
  double sync_us() const noexcept;
};

/// Measures them with files in `directory`; `thoroughness` 1 takes about ten seconds, less is
/// quicker and rougher. Ends the process if the directory cannot be written.
MachineConstants MeasureConstants(const std::string& directory, double thoroughness);

/// Every constant by its name, to print or hand on.
void ForEachConstant(MachineConstants& constants,
                     const std::function<void(std::string_view name, double& value)>& visit);

}  // namespace quiver::bench
