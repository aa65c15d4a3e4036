// CacheArena: memory for pieces of a kibibyte and up, in chunks of huge pages.
//
// A chunk is a row of granules of 1 KiB with a bitmap of those in use; a piece is a run of them.
// Freed neighbours join by themselves, so pieces of any mix of sizes share one memory, and the
// slack of a piece is below one granule. A piece larger than a chunk gets a chunk of its own size,
// whose rest other pieces may use.
//
// Chunks are also the order in which the block cache's clock hand passes over the pieces: what it
// evicts together lies together and becomes one run.
//
// Invariants:
//  1. size_bytes() <= capacity. Chunks being drained (see Drain) count apart, in drained_bytes().
//  2. A drained chunk hands out nothing and is given back when its last piece is freed.
//  3. Under AddressSanitizer free granules are poisoned.
//
// Thread safety: none; callers lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace quiver {

class CacheArena {
 public:
  static constexpr std::size_t kGranuleBytes = 1024;
  struct Chunk;
  /// Memory handed out, aligned to 64. `memory` is null if there was none.
  struct Piece {
    std::byte* memory = nullptr;
    Chunk* chunk = nullptr;
    std::uint32_t granules = 0;

    std::size_t size_bytes() const noexcept { return granules * kGranuleBytes; }
  };
  /// A place in the order of pieces.
  struct Hand {
    std::size_t chunk = 0;
    std::uint32_t granule = 0;
  };

  explicit CacheArena(std::uint64_t capacity_bytes) noexcept;
  ~CacheArena();
  CacheArena(const CacheArena&) = delete;
  CacheArena& operator=(const CacheArena&) = delete;

  /// A piece of at least `bytes`, from a free run or a new chunk. Empty if neither fits.
  Piece Allocate(std::size_t bytes);
  void Free(const Piece& piece);
  /// Gives every chunk without pieces back to the system.
  void Trim();

  /// The first piece at or behind `hand`, which moves behind it; null memory at the end of all
  /// chunks, with `hand` back at the start. Drained chunks are passed over.
  std::byte* NextPiece(Hand& hand) const;

  /// Takes the chunk under the hand (or the next one in use) out of use: it hands out nothing more,
  /// stops counting in size_bytes() and goes when empty. Returns the pieces in it. Requires
  /// size_bytes() > 0.
  std::vector<std::byte*> Drain(const Hand& hand);

  void set_capacity_bytes(std::uint64_t capacity_bytes) noexcept {
    capacity_bytes_ = capacity_bytes;
  }
  std::uint64_t capacity_bytes() const noexcept { return capacity_bytes_; }
  /// Bytes of chunks in use.
  std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  /// Bytes of chunks being drained.
  std::uint64_t drained_bytes() const noexcept { return drained_bytes_; }
  /// Bytes free in chunks or not yet taken from the system.
  std::uint64_t free_bytes() const noexcept {
    const std::uint64_t untaken = capacity_bytes_ > size_bytes_ ? capacity_bytes_ - size_bytes_ : 0;
    return free_granules_ * kGranuleBytes + untaken;
  }
  std::size_t chunk_count() const noexcept { return chunks_.size(); }

 private:
  bool AddChunk(std::uint32_t granules);
  void RemoveChunk(Chunk* chunk);
  Piece Take(Chunk& chunk, std::uint32_t first, std::uint32_t granules);

  std::uint64_t capacity_bytes_;
  std::uint64_t size_bytes_ = 0;
  std::uint64_t drained_bytes_ = 0;
  std::uint64_t free_granules_ = 0;  ///< in chunks in use
  std::size_t cursor_ = 0;           ///< chunk that served last
  std::vector<std::unique_ptr<Chunk>> chunks_;
};

/// Granules from `memory` on. One bit a granule in each bitmap.
struct CacheArena::Chunk {
  Chunk(std::byte* chunk_memory, std::uint32_t granule_count, bool huge_pages);
  ~Chunk();
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;

  /// First granule of a free run of `wanted`, or `granules`. Lowers run_bound when there is none.
  std::uint32_t FindRun(std::uint32_t wanted);
  /// First granule at or after `from` where a piece starts, or `granules`.
  std::uint32_t NextStart(std::uint32_t from) const noexcept;
  void Set(std::uint32_t first, std::uint32_t count) noexcept;
  void Clear(std::uint32_t first, std::uint32_t count) noexcept;

  std::byte* const memory;
  const std::uint32_t granules;
  const bool huge;
  bool drained = false;
  std::uint32_t free_granules;
  std::uint32_t run_bound;  ///< no free run is longer
  std::vector<std::uint64_t> used;
  std::vector<std::uint64_t> starts;
};

}  // namespace quiver
