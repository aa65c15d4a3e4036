// CrashModel: which of the changes that were not synced a simulated power cut keeps. Real disks,
// caches and file systems lose them in many ways; each value of Loss is one family.
//
// What all have in common: what was synced is there, and a name change survives only if the earlier
// changes of its names do. A disk that lies about a flush is outside of every model.
//
// The catalogue follows the crash testers: ALICE (Pillai et al., OSDI 2014), CrashMonkey (Mohan et
// al., OSDI 2018), LazyFS (Ramos et al., VLDB 2024).
//
// Thread safety: a value; its generator is used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

#include "base/random.h"

namespace quiver::io {

struct CrashModel {
  enum class Loss : std::uint8_t {
    kUnsynced,        ///< everything that was not synced
    kNothing,         ///< nothing: all caches were written out just in time
    kSectors,         ///< a random part, per sector of 512 bytes, per size of a file, per name
    kGrownGarbage,    ///< the same, but files have grown, and hold zeroes or garbage where bytes
                      ///< did not arrive
    kTornSectors,     ///< the same, but the last change of a sector arrives in part; the rest of
                      ///< its bytes are the old ones or garbage
    kData,            ///< the bytes; every name has arrived (a rename before its data)
    kNames,           ///< the names; every byte has arrived
    kAllButRemovals,  ///< bytes and names; only removals of names have arrived
    kChosen,          ///< every change that is not in `kept`, each as a whole, across all files
  };

  Loss loss = Loss::kUnsynced;
  /// Needed by the random families.
  Random* random = nullptr;
  /// Of kChosen: ordinals as MemoryFileSystem::UnsyncedChanges() names them.
  const std::set<std::uint64_t>* kept = nullptr;

  /// Everything unsynced without `random`, a part drawn per sector, size and name with it.
  static CrashModel Drawn(Random* random) {
    return {.loss = random == nullptr ? Loss::kUnsynced : Loss::kSectors, .random = random};
  }
  bool Keeps(std::uint64_t change) const { return kept->contains(change); }
};

}  // namespace quiver::io
