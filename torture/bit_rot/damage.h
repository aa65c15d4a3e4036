// Damage: one thing that rots in a subject's files, as a value that can be listed, drawn, named in
// a plan and applied to a fresh copy.
//
// Thread safety: values and pure functions; ApplyDamage writes to the directory it is given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bit_rot/subject.h"

namespace quiver::torture {

enum class DamageKind : std::uint8_t {
  kNone,
  kBit,         ///< bit `length` of the byte at `offset` flipped
  kZeroSector,  ///< `length` bytes from `offset` on are zero
  kTruncate,    ///< the file ends at `offset`
  kGarbage,     ///< `length` random bytes behind the end
  kSwapBlocks,  ///< the blocks of `length` bytes at `offset` and right behind it change places
  kSwapFiles,   ///< the contents of `file` and `other` change places
  kOlderCopy,   ///< the file as it was before
  kDelete,
  kDuplicate,  ///< a copy under the next number, or with a suffix
};

struct Damage {
  DamageKind kind = DamageKind::kNone;
  std::uint32_t file = 0;
  std::uint32_t other = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// "bit", "sector", … : the word of figures and plans.
std::string_view DamageName(DamageKind kind) noexcept;
/// "bit:0000000012.wal:4711:3"; ParseDamage is the inverse.
std::string DamageText(const Damage& damage, const Subject& subject);
std::optional<Damage> ParseDamage(std::string_view text, const Subject& subject);

/// Every bit of every file whose type begins with `type` (all if empty).
std::vector<Damage> EveryBit(const Subject& subject, std::string_view type);
/// Every damage of the other kinds: each sector, each length, each pair of files of a type, …
std::vector<Damage> EveryOtherDamage(const Subject& subject);

/// Makes `directory` a copy of the subject with this damage. Whatever was there is removed.
void ApplyDamage(const Subject& subject, const Damage& damage,
                 const std::filesystem::path& directory);

}  // namespace quiver::torture
