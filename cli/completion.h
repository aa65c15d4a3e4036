// completion and man: the bash completion and the man page, made from the verbs themselves.
#pragma once

#include <CLI/CLI.hpp>

namespace quiver::cli {

class Session;

void AddCompletionVerbs(CLI::App& app, Session& session);

}  // namespace quiver::cli
