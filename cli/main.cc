// quiver VERB DIR …: the command. Each group of verbs is in a file of its own; this one parses the
// command line and turns the outcome into an exit code (exit_code.h).
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "completion.h"
#include "exit_code.h"
#include "man_page.h"
#include "output.h"
#include "quiver/admin.h"
#include "session.h"
#include "usage.h"

namespace quiver::cli {

namespace {

int Run(int argc, char** argv) {
  CLI::App app{"An ordered key-value database whose tables are Arrow IPC files.", "quiver"};
  app.set_version_flag("--version", [] { return BuildInfo(); });
  app.require_subcommand(1);
  app.fallthrough(false);
  app.footer(
      "Exit codes: 0 done; 1 failed; 2 usage; 3 what is named is not there, is no database or may "
      "not be opened; 4 another process has it. 'quiver help VERB' explains a verb.");

  Session session;
  AddDataVerbs(app, session);
  AddKeyspaceVerbs(app, session);
  AddTransferVerbs(app, session);
  AddIngestVerbs(app, session);
  AddExportVerbs(app, session);
  AddAdminVerbs(app, session);
  AddCopyVerbs(app, session);
  AddConfigVerbs(app, session);
  AddBenchVerb(app, session);
  AddDemoVerb(app, session);
  AddCompletionVerb(app, session);
  AddManVerb(app, session);
  AddHelpVerb(app, session);
  if (const std::string unknown = UnknownVerb(app, argc, argv); !unknown.empty()) {
    std::fprintf(stderr, "quiver: %s\n'quiver help' lists the verbs.\n", unknown.c_str());
    return kUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    return ExplainUsage(app, error);
  }
  return session.Run();
}

}  // namespace

}  // namespace quiver::cli

int main(int argc, char** argv) {
  quiver::cli::OccupyStandardDescriptors();
  // A reader that goes away ends the command quietly, as it does other filters.
  std::signal(SIGPIPE, SIG_DFL);
  return quiver::cli::FinishOutput(quiver::cli::Run(argc, argv));
}
