// SmallConfig: settings under which a database of some hundred kilobytes lives a whole life within
// a second: those of the option matrix, but for what needs an oracle of its own. The programs on
// real threads and real files know nothing of what fifo drops or what a salvage leaves out; a log
// that was mapped may be torn by a kill, which absolute refuses; and they say themselves what rows
// they write. All that is left to the crash explorer and the fault sweep.
//
// Thread safety: pure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "quiver/config.h"

namespace quiver::torture {

DatabaseConfig SmallConfig(std::uint64_t number);
/// The same as names and values for a program that has a log mode, a memory limit, widths and a
/// merge operator of its own.
std::vector<std::pair<std::string, std::string>> SmallSettings(std::uint64_t number);

/// "memtable=trie wal=async strategy=tiered compression=lz4": for messages.
std::string DescribeConfig(const DatabaseConfig& config);

}  // namespace quiver::torture
