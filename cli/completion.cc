#include "completion.h"

#include <cstdio>
#include <string>

#include "exit_code.h"
#include "session.h"

namespace quiver::cli {

namespace {

std::string FlagsOf(const CLI::App& verb) {
  std::string flags;
  for (const CLI::Option* option : verb.get_options()) {
    if (option->get_group().empty()) continue;  // not for users
    for (const std::string& name : option->get_lnames()) flags += " --" + name;
  }
  return flags;
}

int PrintCompletion(const CLI::App& app) {
  std::string verbs, cases, inner_cases;
  for (const CLI::App* verb : app.get_subcommands({})) {
    verbs += verb->get_name() + " ";
    std::string words = FlagsOf(*verb);
    for (const CLI::App* inner : verb->get_subcommands({})) {
      words += " " + inner->get_name();
      inner_cases += "    \"" + verb->get_name() + " " + inner->get_name() + "\") words=\"" +
                     FlagsOf(*inner) + "\" ;;\n";
    }
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
      "  if [ \"$COMP_CWORD\" -gt 2 ]; then\n"
      "    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n%s    esac\n"
      "  fi\n"
      "  if [[ \"$word\" == -* ]]; then COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "  else COMPREPLY=($(compgen -W \"$words\" -- \"$word\") $(compgen -f -- \"$word\")); fi\n"
      "}\n"
      "complete -F _quiver quiver\n",
      verbs.c_str(), cases.c_str(), inner_cases.c_str());
  return kDone;
}

}  // namespace

void AddCompletionVerb(CLI::App& app, Session& session) {
  CLI::App* completion = app.add_subcommand("completion", "Print the bash completion");
  session.SetAction(*completion, [&app] { return PrintCompletion(app); });
}

}  // namespace quiver::cli
