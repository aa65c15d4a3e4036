// Confirmation: a verb that throws away more than the one key that it is given asks first. A person
// is asked at the terminal; a script says --yes.
//
// Thread safety: one thread.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "row_range.h"

namespace quiver::cli {

/// --yes.
void AddYesFlag(CLI::App& verb, bool& yes);

/// kDone if the verb may go on: with --yes, if `describe` finds that nothing goes (an empty text),
/// or after the answer y or yes. kUsage if standard input and standard error are no terminals, so
/// that nobody can be asked; kFailed after any other answer; the exit code of an error of
/// `describe`, which is not called unless somebody is asked. To be called before anything is
/// opened for writing: no lock is held while a person thinks.
int Confirm(bool yes, const std::string& verb,
            const std::function<Result<std::string>()>& describe);

/// "1,234"
std::string Grouped(std::uint64_t number);

/// "1,234 rows" or, so that a question comes at once, "more than 100,000 rows".
Result<std::string> CountedRows(RowRange range);

}  // namespace quiver::cli
