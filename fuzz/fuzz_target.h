// The fuzz targets: functions that take any bytes and abort if the code behind them breaks a
// promise. Two programs run them: one libFuzzer executable a target (libfuzzer_entry.cc, clang
// only) and the replay of the kept corpora (replay.cc, any compiler, part of `make test`).
//
// Invariants:
//  1. A target never aborts because its input is malformed: an Error is a right answer.
//  2. A target leaves nothing behind: no file, no thread, no state that a later input could see.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"

namespace quiver::fuzz {

struct Target {
  std::string_view name;  ///< of the executable fuzz-NAME and of the folder corpus/NAME
  void (*run)(std::string_view input);
  /// Makes the checksums, and some lengths, of a mutated input right again, so that what stands
  /// behind them is reached. Bits of `choice` leave single links broken. Null: nothing to sign.
  void (*sign)(std::string& input, std::uint64_t choice);
  /// Changes one part of an input to something else that its format allows (change.h). Null: the
  /// fuzzer's own mutations do.
  bool (*change)(std::string& input, Random& random);
  std::uint32_t input_bytes_max;
};

std::span<const Target> Targets() noexcept;
/// Null if there is none of that name.
const Target* FindTarget(std::string_view name) noexcept;

void FuzzArrowImport(std::string_view input);
void FuzzBackupRecord(std::string_view input);
void FuzzBatch(std::string_view input);
void FuzzCodec(std::string_view input);
void FuzzIdentity(std::string_view input);
void FuzzJsonRows(std::string_view input);
void FuzzManifest(std::string_view input);
void FuzzOperations(std::string_view input);
void FuzzSegments(std::string_view input);
void FuzzSettings(std::string_view input);
void FuzzStoredConfig(std::string_view input);
void FuzzTable(std::string_view input);

}  // namespace quiver::fuzz
