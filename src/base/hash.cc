#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace quiver {

std::uint64_t HashKey(std::string_view key) noexcept {
  return XXH3_64bits(key.data(), key.size());
}

std::uint64_t Checksum(std::string_view bytes, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t PlaceSeed(std::uint64_t file_identity, std::uint64_t offset) noexcept {
  // The finaliser of SplitMix64 over both words: every bit of either changes half of the seed.
  std::uint64_t mixed = file_identity + 0x9E3779B97F4A7C15ULL * (offset + 1);
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31);
}

struct FileChecksum::State {
  XXH3_state_t xxhash;
};

FileChecksum::FileChecksum() : state_(std::make_unique<State>()) {
  (void)XXH3_64bits_reset(&state_->xxhash);  // fails for a null pointer alone
}
FileChecksum::~FileChecksum() = default;

void FileChecksum::Add(std::string_view bytes) noexcept {
  (void)XXH3_64bits_update(&state_->xxhash, bytes.data(), bytes.size());
}

std::uint64_t FileChecksum::value() const noexcept {
  return XXH3_64bits_digest(&state_->xxhash);
}

}  // namespace quiver
