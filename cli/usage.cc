#include "usage.h"

#include <cstdio>
#include <memory>
#include <vector>

#include "exit_code.h"
#include "output.h"
#include "session.h"
#include "suggest.h"

namespace quiver::cli {

namespace {

std::vector<std::string> VerbNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands({})) names.push_back(verb->get_name());
  return names;
}

const CLI::App* FindVerb(const CLI::App& app, const std::string& name) {
  for (const CLI::App* verb : app.get_subcommands({})) {
    if (verb->check_name(name)) return verb;
  }
  return nullptr;
}

std::string UnknownVerbIn(const CLI::App& app, const std::string& name) {
  return "unknown verb '" + name + "'" + DidYouMean(name, VerbNames(app));
}

std::vector<std::string> FlagNames(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// A flag among the arguments that found no place, or nothing.
std::string ExplainUnknownFlag(const CLI::App& verb) {
  for (const std::string& extra : verb.remaining()) {
    if (extra.size() < 2 || extra[0] != '-') continue;
    const std::string flag = extra.substr(0, extra.find('='));
    std::string text = "unknown flag '" + flag + "'" + DidYouMean(flag, FlagNames(verb));
    if (!flag.starts_with("--")) text += "; write -- before arguments that start with a dash";
    return text;
  }
  return "";
}

int RunHelp(const CLI::App& app, const std::vector<std::string>& verbs) {
  const CLI::App* verb = &app;
  std::string path = app.get_name();
  for (const std::string& name : verbs) {
    const CLI::App* const inner = FindVerb(*verb, name);
    if (inner == nullptr) {
      std::fprintf(stderr, "quiver help: %s\n", UnknownVerbIn(*verb, name).c_str());
      return kUsage;
    }
    verb = inner;
    path += " " + name;
  }
  // Not App::help, which speaks of the verb that was parsed: that is help itself.
  Print(verb->get_formatter()->make_help(verb, path, CLI::AppFormatMode::Normal));
  return kDone;
}

}  // namespace

void AddHelpVerb(CLI::App& app, Session& session) {
  auto verbs = std::make_shared<std::vector<std::string>>();
  CLI::App* help = app.add_subcommand("help", "Explain a verb");
  help->add_option("verb", *verbs, "The verb, such as put or config show");
  session.SetAction(*help, [&app, verbs] { return RunHelp(app, *verbs); });
}

std::string UnknownVerb(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App* verb = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (verb->get_subcommands({}).empty() || name.starts_with('-')) return "";
    const CLI::App* const inner = FindVerb(*verb, name);
    if (inner == nullptr) return UnknownVerbIn(*verb, name);
    verb = inner;
  }
  return "";
}

int ExplainUsage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* verb = &app;
  std::string path = app.get_name();
  std::string help = "quiver help";
  while (!verb->get_subcommands().empty()) {
    verb = verb->get_subcommands().back();
    path += " " + verb->get_name();
    help += " " + verb->get_name();
  }
  // First, because what is missing may stand behind a mistyped flag.
  std::string text = ExplainUnknownFlag(*verb);
  if (text.empty()) text = error.what();
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError) &&
      !verb->get_subcommands({}).empty()) {
    text = "a verb is required";
  }
  std::fprintf(stderr, "%s: %s\n'%s' explains it.\n", path.c_str(), text.c_str(), help.c_str());
  return kUsage;
}

}  // namespace quiver::cli
