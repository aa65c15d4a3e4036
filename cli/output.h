// Standard output, where nothing may be lost in silence, and the standard descriptors themselves.
//
// Thread safety: one thread.
#pragma once

#include <string_view>

namespace quiver::cli {

/// Puts a placeholder on each of descriptors 0 to 2 that the caller left closed, so that no file of
/// a database takes its place. Reading from or writing to the placeholder of 0 or 1 fails as it
/// would on the closed descriptor. Call first.
void OccupyStandardDescriptors();

/// Writes to standard output. False once it takes no more: then stop, and leave the message to
/// FinishOutput.
bool Print(std::string_view text);

/// Flushes standard output. If anything written to it was lost, says so and turns kDone into
/// kFailed. Returns the exit code.
int FinishOutput(int exit_code);

}  // namespace quiver::cli
