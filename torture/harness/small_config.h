// SmallConfig: settings under which a database of some hundred kilobytes lives a whole life within
// a second: memtables rotate, levels fill and merge. Successive numbers walk through all memtables,
// strategies, log modes, compressions and filters.
//
// Thread safety: pure.
#pragma once

#include <cstdint>
#include <string>

#include "quiver/config.h"

namespace quiver::torture {

DatabaseConfig SmallConfig(std::uint64_t number);

/// "memtable=trie wal=async strategy=tiered compression=lz4": for messages.
std::string DescribeConfig(const DatabaseConfig& config);

}  // namespace quiver::torture
