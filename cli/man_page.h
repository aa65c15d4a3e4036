// man: the man page, made from the verbs and the settings table, so that it cannot fall behind.
#pragma once

#include <CLI/CLI.hpp>

namespace quiver::cli {

class Session;

void AddManVerb(CLI::App& app, Session& session);

}  // namespace quiver::cli
