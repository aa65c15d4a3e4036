// XXH3-64 (Yann Collet's xxHash): the checksum of every format and the hash of every key.
//
// Thread safety: pure functions; a FileChecksum is used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace quiver {

/// Hash of a user key: filters, hash memtables and in-block slots all use this one.
std::uint64_t HashKey(std::string_view key) noexcept;

/// Checksum of `bytes`, bound to a place by `seed` (see PlaceSeed).
std::uint64_t Checksum(std::string_view bytes, std::uint64_t seed) noexcept;

/// Mixes a file's identity and an offset into a seed, so that a block copied to another place
/// or file no longer verifies.
std::uint64_t PlaceSeed(std::uint64_t file_identity, std::uint64_t offset) noexcept;

/// The checksum of bytes that come in pieces, without a seed: what `xxhsum -H3` says of the file.
class FileChecksum {
 public:
  FileChecksum();
  ~FileChecksum();
  FileChecksum(const FileChecksum&) = delete;
  FileChecksum& operator=(const FileChecksum&) = delete;
  void Add(std::string_view bytes) noexcept;
  /// Of everything added so far.
  std::uint64_t value() const noexcept;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace quiver
