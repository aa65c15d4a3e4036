// Workload: what the writers of a reliability test write, as a pure function of its seed, so that
// any answer of an engine proves who wrote it and when.
//
// Writer w writes the batches 1, 2, 3, … in this order, each three rows of a ring of slots of its
// own: batch n touches slots 3n, 3n+1 and 3n+2 (modulo the ring), and one batch in four deletes one
// of them. So the state after batch m is known for every slot, the ring is overwritten again and
// again, and the largest number found in it is m, since at least two rows of each batch are puts.
//
// A value is "writer:slot:number:seed:" and up to 400 pseudo-random characters, in one batch of 64
// up to 2,400.
//
// Thread safety: a value and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engines/engine.h"

namespace quiver::torture {

struct Workload {
  static constexpr std::uint32_t kPartCount = 3;

  std::uint64_t seed = 1;
  std::uint32_t writers = 4;
  std::uint32_t slots = 96;  ///< of each writer; a multiple of kPartCount

  std::vector<Change> Batch(std::uint32_t writer, std::uint64_t number) const;
  /// Bytes of keys and values of a batch.
  std::uint64_t BatchBytes(std::uint32_t writer, std::uint64_t number) const;
  std::string Key(std::uint32_t writer, std::uint32_t slot) const;
  /// What a slot holds after batch `number` of its writer; nothing if absent.
  std::optional<std::string> Expected(std::uint32_t writer, std::uint32_t slot,
                                      std::uint64_t number) const;

  /// Writer, slot, number and seed that a value claims.
  struct Claim {
    std::uint32_t writer = 0;
    std::uint32_t slot = 0;
    std::uint64_t number = 0;
    std::uint64_t seed = 0;
  };
  static std::optional<Claim> ParseClaim(std::string_view value);

 private:
  std::string Value(std::uint32_t writer, std::uint32_t slot, std::uint64_t number) const;
  /// Part of the batch that is a delete, or kPartCount.
  std::uint32_t DeletedPart(std::uint32_t writer, std::uint64_t number) const;
};

}  // namespace quiver::torture
