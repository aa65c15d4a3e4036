// Goal: no line of an import does harm, and a row that was accepted is printed as a line that gives
// it again; likewise for the escaped bytes of inspections.
//
// Input: JSON lines, as `quiver load` reads them.
#include <algorithm>
#include <string>

#include "base/check.h"
#include "bytes_text.h"
#include "fuzz_target.h"
#include "quiver/admin.h"

namespace quiver::fuzz {

namespace {

void FuzzLine(std::string_view line) {
  if (const auto row = cli::ParseJsonRow(line)) {
    const auto again =
        cli::ParseJsonRow(cli::FormatRow(row->key, row->value, cli::Format::kJson, row->expiry_us));
    QUIVER_CHECK(again.ok() && again->key == row->key && again->value == row->value &&
                 again->expiry_us == row->expiry_us);
  }
  if (const auto bytes = UnescapeBytes(line)) {
    const auto again = UnescapeBytes(EscapeBytes(*bytes));
    QUIVER_CHECK(again.ok() && *again == *bytes);
  }
  if (const auto bytes = cli::FromHex(line)) {
    const auto again = cli::FromHex(cli::ToHex(*bytes));
    QUIVER_CHECK(again.ok() && *again == *bytes);
  }
}

}  // namespace

void FuzzJsonRows(std::string_view input) {
  // Any bytes can be printed as a row and read again.
  const std::string_view key = input.substr(0, input.size() / 2);
  const std::string_view value = input.substr(input.size() / 2);
  const auto printed = cli::ParseJsonRow(cli::FormatRow(key, value, cli::Format::kJson));
  QUIVER_CHECK(printed.ok() && printed->key == key && printed->value == value);
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    FuzzLine(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
}

}  // namespace quiver::fuzz
