// Signing: computes the checksums of a mutated file anew, as the pages of docs/formats/ say and
// without the engine's own writers, so that a mutation of any field, length or order of parts
// arrives at the code behind the checksums.
//
// `choice` is 0 to repair everything. Each set bit below leaves one link as the mutation made it.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace quiver::fuzz {

enum SignChoice : std::uint64_t {
  kKeepOuter = 1,   ///< header of a segment or manifest, trailer of a table
  kKeepInner = 2,   ///< frames, records, blocks
  kKeepChain = 4,   ///< digests, predecessors, chains, record numbers
  kKeepSizes = 8,   ///< lengths that do not fit the file
  kKeepNames = 16,  ///< database and file numbers
};

/// Options of 2 bytes, then the segments 1, 2, … as SplitFiles has them.
void SignSegments(std::string& input, std::uint64_t choice);
inline constexpr std::size_t kSegmentOptionBytes = 2;
inline constexpr std::size_t kSegmentCountMax = 4;

/// A manifest of kDatabase, number 1.
void SignManifest(std::string& input, std::uint64_t choice);

/// One byte: even for an IDENTITY, odd for a CURRENT; then the file.
void SignIdentity(std::string& input, std::uint64_t choice);

/// Options of 2 bytes, then table 1 of kDatabase.
void SignTable(std::string& input, std::uint64_t choice);
inline constexpr std::size_t kTableOptionBytes = 2;

/// The CONFIG.toml of kDatabase.
void SignStoredConfig(std::string& input, std::uint64_t choice);

/// The description of a backup.
void SignBackupRecord(std::string& input, std::uint64_t choice);

}  // namespace quiver::fuzz
