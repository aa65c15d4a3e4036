// demo: runs the demonstration on the package index that scripts/demo.sh hands over.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "demo.h"
#include "exit_code.h"
#include "session.h"

namespace quiver::cli {

namespace {

struct DemoOptions {
  std::string packages;
  std::string directory = "build/demo";
  bool writer = false;
};

int RunDemo(const DemoOptions& options) {
  if (options.writer) return RunDemoWriter(options.directory, STDOUT_FILENO);
  if (options.packages.empty()) {
    std::fprintf(
        stderr,
        "quiver demo: --packages is required: a file of Debian package stanzas; 'make demo' "
        "makes one\n");
    return kUsage;
  }
  const std::filesystem::path directory = options.directory;
  std::error_code ignored;
  std::filesystem::remove_all(directory / "db", ignored);
  std::filesystem::remove_all(directory / "compare", ignored);
  std::filesystem::remove_all(directory / "crash", ignored);
  std::filesystem::create_directories(directory, ignored);

  const auto records = ReadPackages(options.packages);
  if (!records) return Fail(records.error());
  if (const auto done = DemoBasics(directory / "db", *records); !done) return Fail(done.error());
  const auto rows = DemoComparison(directory / "compare", *records);
  if (!rows) return Fail(rows.error());
  const std::filesystem::path page = directory / "report.html";
  if (const auto written = WriteComparisonPage(page, *rows, records->size()); !written) {
    return Fail(written.error());
  }
  std::printf("  charts: %s\n", page.c_str());
  const auto recovered = DemoRecovery(directory / "crash", "/proc/self/exe");
  return recovered ? kDone : Fail(recovered.error());
}

}  // namespace

void AddDemoVerb(CLI::App& app, Session& session) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* demo = app.add_subcommand("demo", "Show the main job on the machine's package index");
  demo->add_option("--packages", options->packages,
                   "File of Debian package stanzas, required; make demo makes it");
  demo->add_option("--directory", options->directory, "Where to work")->capture_default_str();
  demo->add_flag("--writer", options->writer, "Be the writer that the demonstration kills")
      ->group("");
  session.SetAction(*demo, [options] { return RunDemo(*options); });
}

}  // namespace quiver::cli
