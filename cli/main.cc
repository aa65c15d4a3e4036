// quiver VERB DIR …: the command. Each group of verbs is in a file of its own; this one parses the
// command line and turns the outcome into an exit code: 0 done, 1 failed, 2 usage, 3 not found.
#include <CLI/CLI.hpp>
#include <csignal>

#include "completion.h"
#include "exit_code.h"
#include "quiver/admin.h"
#include "session.h"

int main(int argc, char** argv) {
  // A reader that goes away ends the command quietly, as it does other filters.
  std::signal(SIGPIPE, SIG_DFL);
  CLI::App app{"An ordered key-value database whose tables are Arrow IPC files.", "quiver"};
  app.set_version_flag("--version", [] { return quiver::BuildInfo(); });
  app.require_subcommand(1);
  app.fallthrough(false);
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 usage, 3 not found. 'quiver VERB --help' explains a verb.");

  quiver::cli::Session session;
  quiver::cli::AddDataVerbs(app, session);
  quiver::cli::AddTransferVerbs(app, session);
  quiver::cli::AddAdminVerbs(app, session);
  quiver::cli::AddConfigVerbs(app, session);
  quiver::cli::AddBenchVerb(app, session);
  quiver::cli::AddDemoVerb(app, session);
  quiver::cli::AddCompletionVerbs(app, session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? quiver::cli::kDone : quiver::cli::kUsage;
  }
  return session.Run();
}
