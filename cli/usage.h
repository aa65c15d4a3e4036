// What the command says about a command line it cannot take, and the verb help.
//
// Thread safety: one thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace quiver::cli {

class Session;

/// help [VERB …]: what --help says.
void AddHelpVerb(CLI::App& app, Session& session);

/// "unknown verb 'pet'; did you mean 'get' or 'put'?" if the command line names a verb that does
/// not exist, else empty.
std::string UnknownVerb(const CLI::App& app, int argc, const char* const* argv);

/// Explains a refused command line on standard error, with the verb it is about. Returns kUsage.
int ExplainUsage(const CLI::App& app, const CLI::ParseError& error);

}  // namespace quiver::cli
