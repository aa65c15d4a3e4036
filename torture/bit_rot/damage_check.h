// CheckDamages: opens and reads a damaged copy of a subject for each damage of a list, in forked
// workers, and says what came of each.
//
// A worker takes many damages, each in process on a fresh copy, and notes its progress in shared
// memory. When a damage kills it (a signal, an abort) or outlasts its alarm, that damage is a crash
// or a hang, and a new worker goes on behind it. As many teams of one worker at a time run side by
// side as there are processors.
//
// Thread safety: one thread, in a process without other threads.
#pragma once

#include <functional>
#include <span>

#include "bit_rot/damage.h"

namespace quiver::torture {

enum class Outcome : std::uint8_t {
  kNotChecked,
  kRight,        ///< every answer right, no error
  kReported,     ///< an error or a report, and no wrong answer that the open did not announce
  kSilent,       ///< a wrong answer, and no error anywhere
  kWrongAnswer,  ///< a wrong row or value, though an error came as well
  kCrash,
  kHang,
};
std::string_view OutcomeName(Outcome outcome) noexcept;

/// Answers for the damages from the front, as far as `keep_on` let it come (it is asked every few
/// dozen). `directory` is scratch space.
std::vector<Outcome> CheckDamages(const Subject& subject, std::span<const Damage> damages,
                                  const std::filesystem::path& directory,
                                  const std::function<bool()>& keep_on);

}  // namespace quiver::torture
