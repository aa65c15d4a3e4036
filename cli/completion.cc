#include "completion.h"

#include <cstdio>
#include <string>

#include "exit_code.h"
#include "quiver/admin.h"
#include "session.h"

namespace quiver::cli {

namespace {

std::string FlagsOf(const CLI::App& verb) {
  std::string flags;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) flags += " --" + name;
  }
  return flags;
}

int PrintCompletion(const CLI::App& app) {
  std::string verbs, cases;
  for (const CLI::App* verb : app.get_subcommands({})) {
    verbs += verb->get_name() + " ";
    std::string words = FlagsOf(*verb);
    for (const CLI::App* inner : verb->get_subcommands({})) words += " " + inner->get_name();
    cases += "    " + verb->get_name() + ") words=\"" + words + "\" ;;\n";
  }
  std::printf(
      "# bash completion for quiver; put it into /usr/share/bash-completion/completions/quiver\n"
      "_quiver() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"%s\" -- \"$word\")); return\n"
      "  fi\n"
      "  case \"${COMP_WORDS[1]}\" in\n%s  esac\n"
      "  if [[ \"$word\" == -* ]]; then COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "  else COMPREPLY=($(compgen -W \"$words\" -- \"$word\") $(compgen -f -- \"$word\")); fi\n"
      "}\n"
      "complete -F _quiver quiver\n",
      verbs.c_str(), cases.c_str());
  return kDone;
}

// roff wants a backslash before dashes, and none of its own at the start of a line.
std::string Roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '-') {
      out += "\\-";
    } else if (c == '\\') {
      out += "\\e";
    } else if (c == '\n') {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out;
}

void PrintVerb(const CLI::App& verb, const std::string& prefix) {
  std::printf(".SS %s\n%s.\n", Roff(prefix + verb.get_name()).c_str(),
              Roff(verb.get_description()).c_str());
  for (const CLI::Option* option : verb.get_options()) {
    if (option->get_group() == "Settings") continue;
    std::printf(".TP\n.B %s\n%s\n", Roff(option->get_name(option->get_positional())).c_str(),
                Roff(option->get_description()).c_str());
  }
  for (const CLI::App* inner : verb.get_subcommands({})) PrintVerb(*inner, verb.get_name() + " ");
}

int PrintManPage(const CLI::App& app) {
  std::printf(".TH QUIVER 1 \"\" \"quiver %s\" \"User Commands\"\n",
              std::string(VersionString()).c_str());
  std::printf(".SH NAME\nquiver \\- %s\n", Roff(app.get_description()).c_str());
  std::printf(".SH SYNOPSIS\n.B quiver\nVERB DIR ...\n.SH VERBS\n");
  for (const CLI::App* verb : app.get_subcommands({})) PrintVerb(*verb, "");
  std::printf(".SH SETTINGS\nVerbs that write take each setting as a flag.\n");
  for (const SettingInfo& setting : ConfigTable()) {
    std::string flag(setting.name);
    for (char& c : flag) {
      if (c == '_') c = '-';
    }
    std::printf(".TP\n.B \\-\\-%s\n%s\n", Roff(flag).c_str(),
                Roff(std::string(setting.sentence)).c_str());
  }
  std::printf(".SH EXIT STATUS\n0 done, 1 failed, 2 usage, 3 not found.\n");
  return kDone;
}

}  // namespace

void AddCompletionVerbs(CLI::App& app, Session& session) {
  CLI::App* completion = app.add_subcommand("completion", "Print the bash completion");
  session.SetAction(*completion, [&app] { return PrintCompletion(app); });
  CLI::App* man = app.add_subcommand("man", "Print the man page (quiver man | man -l -)");
  session.SetAction(*man, [&app] { return PrintManPage(app); });
}

}  // namespace quiver::cli
