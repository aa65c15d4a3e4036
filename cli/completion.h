// completion: the bash completion, made from the verbs themselves.
#pragma once

#include <CLI/CLI.hpp>

namespace quiver::cli {

class Session;

void AddCompletionVerb(CLI::App& app, Session& session);

}  // namespace quiver::cli
