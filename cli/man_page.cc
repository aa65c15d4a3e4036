#include "man_page.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "exit_code.h"
#include "quiver/admin.h"
#include "session.h"

namespace quiver::cli {

namespace {

constexpr std::string_view kSettingsGroup = "Settings";

constexpr const char* kFormats = R"(.SH FORMATS
.SS Text
.B scan
prints a key, a tab and a value on each line. Printable ASCII stands for itself, a backslash is
doubled, every other byte is \exNN with two hexadecimal digits, so neither a tab nor a newline is
ever part of a key or a value. With \-\-hex both are hexadecimal throughout.
.B get
writes the value's own bytes and nothing else.
.SS JSON lines
.B dump, load
and
.B scan \-\-json
have one object a line: {"key": "apple", "value": "red"}. What is no valid UTF\-8 stands in
hexadecimal under "key_hex" or "value_hex" instead: {"key_hex": "00ff", "value": "red"}.
.SS Arrow
.B load
takes any Arrow IPC file (Feather V2) with the columns key and value of a binary or string type:
plain, large, view or fixed size. A null is refused.
.B dump \-\-arrow
writes such a file.
)";

constexpr const char* kConfirmation = R"(.SH CONFIRMATION
.B keyspace drop, delete \-\-range, backup delete
and
.B backup prune
throw away more than the one key that
.B delete
is given. On a terminal they say what will go and ask; everything but y or yes means no, and then
nothing is changed. Where standard input or standard error is no terminal they do nothing and end
with exit status 2, unless \-\-yes is given.
)";

constexpr const char* kExitStatus = R"(.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Failed: damage, a refused value, an error of the operating system, output that was lost, a question
that was not answered with y or yes. A message on standard error says what and where.
.TP
.B 2
Usage: an unknown verb or flag, a wrong value of a flag or setting, a verb that throws data away
without \-\-yes where nobody can be asked.
.TP
.B 3
What the command line names is not there or may not be opened: no database in DIR, no such
directory, keyspace, backup or file, no permission.
.B get:
no such key.
.TP
.B 4
Another process has the database open, or is at work on the backups.
.PP
When a verb that writes opens a database after a crash, lines that begin with "recovery:" on
standard error tell what was cut, skipped or removed.
)";

// roff takes a dash for a hyphen, a backslash for an escape, and a dot or an apostrophe at the
// start of a line for a request.
std::string Roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (out.empty() && (c == '.' || c == '\'')) out += "\\&";
    if (c == '-') {
      out += "\\-";
    } else if (c == '\\') {
      out += "\\e";
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out;
}

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

bool IsPositional(const CLI::Option& option) {
  return option.get_positional();
}

bool IsSetting(const CLI::Option& option) {
  return option.get_group() == kSettingsGroup;
}

/// For users, and neither a setting nor --help.
bool IsOwnFlag(const CLI::Option& option) {
  return !option.get_group().empty() && !IsPositional(option) && !IsSetting(option) &&
         option.get_lnames() != std::vector<std::string>{"help"};
}

// "put DIR KEY VALUE [FLAG]... [SETTING]..."
std::string Synopsis(const CLI::App& verb, const std::string& prefix) {
  std::string text = prefix + verb.get_name();
  bool flags = false;
  bool settings = false;
  for (const CLI::Option* option : verb.get_options()) {
    flags = flags || IsOwnFlag(*option);
    settings = settings || IsSetting(*option);
    if (!IsPositional(*option)) continue;
    std::string name = Upper(option->get_name(/*positional=*/true));
    if (option->get_expected_max() > 1) name += "...";
    text += option->get_required() ? " " + name : " [" + name + "]";
  }
  if (flags) text += " [FLAG]...";
  if (settings) text += " [SETTING]...";
  return text;
}

void PrintOption(const std::string& names, const std::string& sentence) {
  std::printf(".TP\n.B %s\n%s\n", Roff(names).c_str(), Roff(sentence).c_str());
}

// "--limit N"
std::string FlagText(const CLI::Option& option) {
  std::string text;
  for (const std::string& name : option.get_lnames()) {
    text += (text.empty() ? "--" : ", --") + name;
  }
  return option.get_items_expected_max() > 0 ? text + " VALUE" : text;
}

void PrintVerb(const CLI::App& verb, const std::string& prefix) {
  for (const CLI::App* inner : verb.get_subcommands({})) {
    PrintVerb(*inner, prefix + verb.get_name() + " ");
  }
  if (!verb.get_subcommands({}).empty()) return;
  std::printf(".SS %s\n%s.\n", Roff(Synopsis(verb, prefix)).c_str(),
              Roff(verb.get_description()).c_str());
  for (const CLI::Option* option : verb.get_options()) {
    if (IsPositional(*option)) {
      PrintOption(Upper(option->get_name(true)), option->get_description());
    } else if (IsOwnFlag(*option)) {
      std::string sentence = option->get_description();
      if (const std::string standard = option->get_default_str(); !standard.empty()) {
        sentence += " [" + standard + "]";
      }
      PrintOption(FlagText(*option), sentence);
    }
  }
}

// "64MiB": exact, in the largest unit that gives a whole number.
std::string SizeText(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  for (; bytes != 0 && bytes % 1024 == 0 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1024;
  return std::to_string(bytes) + kUnits[unit];
}

std::string AllowedText(const SettingInfo& setting) {
  switch (setting.type) {
    case SettingType::kBool: return "true or false";
    case SettingType::kInteger:
      return std::to_string(setting.minimum) + " to " + std::to_string(setting.maximum);
    case SettingType::kSize: return SizeText(setting.minimum) + " to " + SizeText(setting.maximum);
    case SettingType::kEnum: break;
  }
  std::string names;
  for (const std::string_view choice : setting.choices) {
    names += (names.empty() ? "" : ", ") + std::string(choice);
  }
  return "one of " + names;
}

void PrintSettings(const CLI::App& verb) {
  std::printf(
      ".SH SETTINGS\nput, delete, load, compact, flush and bench take each setting as a flag. A "
      "new database keeps its first settings; on an existing one a flag is for that call alone, "
      "and\n.B "
      "config set\nstores new ones. A size is bytes or has a unit: 64MiB, 64K.\n");
  for (const CLI::Option* option : verb.get_options()) {
    const std::string name = option->get_lnames().empty() ? "" : option->get_lnames().front();
    if (name == "preset" || name == "config") {
      PrintOption("--" + name + (name == "preset" ? " NAME" : " FILE"), option->get_description());
    }
  }
  const DatabaseConfig defaults;
  for (const SettingInfo& setting : ConfigTable()) {
    std::string text = std::string(setting.sentence) + " " + AllowedText(setting);
    if (const auto value = GetSetting(defaults, setting.name)) text += " [" + *value + "]";
    if (setting.fixed_at_creation) text += ". Fixed once the database is created";
    if (setting.per_open) text += ". About one open, never stored";
    std::string flag = "--" + std::string(setting.name);
    std::replace(flag.begin(), flag.end(), '_', '-');
    std::string names = flag;
    if (!setting.flag.empty() && "--" + std::string(setting.flag) != flag) {
      names += ", --" + std::string(setting.flag);
    }
    PrintOption(names + " VALUE", text + ".");
  }
}

int PrintManPage(const CLI::App& app) {
  std::printf(".TH QUIVER 1 \"\" \"quiver %s\" \"User Commands\"\n",
              std::string(VersionString()).c_str());
  std::printf(".SH NAME\nquiver \\- %s\n", Roff(app.get_description()).c_str());
  std::printf(
      ".SH SYNOPSIS\n.B quiver\nVERB [ARGUMENT]... [FLAG]...\n.br\n.B quiver help\n[VERB]...\n.br\n"
      ".B quiver \\-\\-version\n");
  std::printf(
      ".SH DESCRIPTION\nDIR is the directory of a database. Arguments that start with a dash stand "
      "behind \\-\\-.\n.SH VERBS\n");
  for (const CLI::App* verb : app.get_subcommands({})) PrintVerb(*verb, "");
  PrintSettings(*app.get_subcommand("put"));
  std::printf("%s%s%s", kFormats, kConfirmation, kExitStatus);
  return kDone;
}

}  // namespace

void AddManVerb(CLI::App& app, Session& session) {
  CLI::App* man = app.add_subcommand("man", "Print the man page: quiver man | man -l -");
  session.SetAction(*man, [&app] { return PrintManPage(app); });
}

}  // namespace quiver::cli
