#include "confirm.h"

#include <unistd.h>

#include <cstdio>

#include "exit_code.h"

namespace quiver::cli {

namespace {

constexpr std::uint64_t kRowsCountedMax = 100'000;

// A line of standard input; the end of input answers like an empty line.
std::string ReadAnswer() {
  std::string answer;
  int byte = std::getchar();
  for (; byte != EOF && byte != '\n'; byte = std::getchar()) {
    answer.push_back(byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a')
                                                : static_cast<char>(byte));
  }
  if (byte == EOF) std::fprintf(stderr, "\n");
  return answer;
}

}  // namespace

void AddYesFlag(CLI::App& verb, bool& yes) {
  verb.add_flag("--yes", yes, "Do not ask: needed where there is no terminal to ask at");
}

int Confirm(bool yes, const std::string& verb,
            const std::function<Result<std::string>()>& describe) {
  if (yes) return kDone;
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) {
    std::fprintf(
        stderr,
        "quiver %s: throws data away for good, and there is no terminal to ask at; nothing "
        "was changed. Add --yes to have it done.\n",
        verb.c_str());
    return kUsage;
  }
  const auto what = describe();
  if (!what) return Fail(what.error());
  if (what->empty()) return kDone;
  std::fprintf(stderr, "%s? [y/N] ", what->c_str());
  const std::string answer = ReadAnswer();
  if (answer == "y" || answer == "yes") return kDone;
  std::fprintf(stderr, "quiver: nothing was changed\n");
  return kFailed;
}

std::string Grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, ",");
  return text;
}

Result<std::string> CountedRows(RowRange range) {
  range.limit = kRowsCountedMax + 1;
  const auto rows = ForEachRow(range, "counting", [](const Row&) { return Result<bool>(true); });
  // What is damaged may be thrown away too.
  if (!rows && rows.error().code() == ErrorCode::kCorruption) return "rows that damage hides";
  if (!rows) return rows.error();
  if (*rows > kRowsCountedMax) return "more than " + Grouped(kRowsCountedMax) + " rows";
  return Grouped(*rows) + (*rows == 1 ? " row" : " rows");
}

}  // namespace quiver::cli
