#include "driver/targets.h"

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace quiver::bench {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 4> kKindNames{"ratio", "ratio_most", "value_most",
                                                     "efficiency"};

Error Fault(std::size_t index, std::string_view what) {
  return {ErrorCode::kInvalidArgument,
          "targets, entry " + std::to_string(index) + ": " + std::string(what)};
}

std::string TextOf(const Json& entry, const char* name) {
  const auto found = entry.find(name);
  return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<double> NumberOf(const Json& entry, const char* name) {
  const auto found = entry.find(name);
  if (found == entry.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

}  // namespace

std::string_view TargetKindName(TargetKind kind) noexcept {
  return kKindNames[static_cast<std::size_t>(kind)];
}

bool Meets(TargetKind kind, double value, double bound) noexcept {
  const bool at_most = kind == TargetKind::kRatioMost || kind == TargetKind::kValueMost;
  return at_most ? value <= bound : value >= bound;
}

Result<std::vector<Target>> ParseTargets(std::string_view json) {
  const Json document = Json::parse(json, nullptr, false);
  if (!document.is_object() || !document.contains("targets") || !document["targets"].is_array()) {
    return Error(ErrorCode::kInvalidArgument, "targets: want an object with a list 'targets'");
  }
  std::vector<Target> targets;
  for (const Json& entry : document["targets"]) {
    const std::size_t index = targets.size();
    if (!entry.is_object()) return Fault(index, "want an object");
    Target target;
    target.row = TextOf(entry, "row");
    target.dataset = TextOf(entry, "dataset");
    target.against = TextOf(entry, "against");
    target.floor = NumberOf(entry, "floor");
    target.goal = NumberOf(entry, "goal");
    const std::string kind = TextOf(entry, "kind");
    std::size_t number = 0;
    while (number < kKindNames.size() && kKindNames[number] != kind) ++number;
    if (number == kKindNames.size()) return Fault(index, "unknown kind '" + kind + "'");
    target.kind = static_cast<TargetKind>(number);
    if (target.row.empty() || target.dataset.empty()) return Fault(index, "row or dataset missing");
    if (!target.floor && !target.goal) return Fault(index, "neither floor nor goal");
    targets.push_back(std::move(target));
  }
  return targets;
}

Result<std::vector<Target>> LoadTargets(const std::string& path) {
  const std::string chosen = path.empty() ? QUIVER_BENCH_TARGETS : path;
  std::ifstream file(chosen);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) {
    return Error(ErrorCode::kIo, "cannot read " + chosen + ": name the file with --targets");
  }
  return ParseTargets(text.str());
}

}  // namespace quiver::bench
