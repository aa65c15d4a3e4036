// XXH3-64 (Yann Collet's xxHash): the checksum of every format and the hash of every key.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace quiver {

/// Hash of a user key: filters, hash memtables and in-block slots all use this one.
std::uint64_t HashKey(std::string_view key) noexcept;

/// Checksum of `bytes`, bound to a place by `seed` (see PlaceSeed).
std::uint64_t Checksum(std::string_view bytes, std::uint64_t seed) noexcept;

/// Mixes a file's identity and an offset into a seed, so that a block copied to another place
/// or file no longer verifies.
std::uint64_t PlaceSeed(std::uint64_t file_identity, std::uint64_t offset) noexcept;

}  // namespace quiver
