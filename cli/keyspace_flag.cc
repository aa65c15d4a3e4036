#include "keyspace_flag.h"

#include <limits>
#include <string_view>
#include <utility>

#include "session.h"

namespace quiver::cli {

void AddKeyspaceFlag(CLI::App& verb, std::string& name) {
  verb.add_option("--keyspace", name, "Name of the keyspace [default]");
}

Result<ChosenKeyspace> ChosenKeyspace::Find(const Database& database, const std::string& name) {
  ChosenKeyspace chosen;
  if (name.empty()) return chosen;
  auto keyspace = database.OpenKeyspace(name);
  if (!keyspace) return keyspace.error();
  chosen.keyspace_ = *std::move(keyspace);
  return chosen;
}

Result<std::uint64_t> ParseDuration(const std::string& text) {
  // Added to now in microseconds it is still a moment: 292 thousand years.
  constexpr std::uint64_t kMillisecondsMax = std::numeric_limits<std::int64_t>::max() / 1000;
  constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
      {"ms", 1}, {"min", 60'000}, {"s", 1000}, {"h", 3'600'000}, {"d", 86'400'000}, {"", 1000}};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  for (const auto& [unit, milliseconds] : kUnits) {
    if (std::string_view(text).substr(digits) != unit) continue;
    const auto number =
        ParseNumber(std::string_view(text).substr(0, digits), 1, kMillisecondsMax / milliseconds);
    if (number) return *number * milliseconds;
  }
  return Error(ErrorCode::kInvalidArgument,
               "'" + text + "' is no time to live; write 90s, 15min, 12h, 30d or 250ms");
}

void AddTimeToLiveFlag(CLI::App& verb, std::uint64_t& time_to_live_ms) {
  verb.add_option_function<std::string>(
          "--ttl",
          [&time_to_live_ms](const std::string& text) {
            if (const auto parsed = ParseDuration(text)) time_to_live_ms = *parsed;
          },
          "Time to live: 90s, 15min, 12h, 30d [for ever]")
      ->check([](const std::string& text) {
        const auto parsed = ParseDuration(text);
        return parsed ? std::string() : parsed.error().message();
      });
}

}  // namespace quiver::cli
