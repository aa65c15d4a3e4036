#include "driver/results.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "report.h"

namespace quiver::bench {

namespace {

using Json = nlohmann::ordered_json;

Json OrNull(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

std::string OrDash(const std::optional<double>& value) {
  return value ? Short(*value) : "–";
}

std::string_view Verdict(const Target& target, double value) {
  if (target.goal && Meets(target.kind, value, *target.goal)) return "goal";
  if (target.floor && Meets(target.kind, value, *target.floor)) return "floor";
  return target.floor ? "below the floor" : "below the goal";
}

}  // namespace

std::string Short(double value) {
  const double size = std::abs(value);
  const auto digits = [](double number) {
    return std::abs(number) >= 100 ? 0 : std::abs(number) >= 10 ? 1 : 2;
  };
  if (size >= 999.5e3) return Fixed(value * 1e-6, digits(value * 1e-6)) + " M";
  if (size >= 999.5) return Fixed(value * 1e-3, digits(value * 1e-3)) + " k";
  if (size != 0 && size < 0.1) return Fixed(value, 4);
  return Fixed(value, digits(value));
}

void Results::Add(const std::string& dataset, const std::string& engine,
                  const ChildOutcome& outcome) {
  ++runs_;
  disturbed_runs_ += outcome.disturbance.disturbed ? 1 : 0;
  for (const Measurement& measurement : outcome.measurements) {
    Row& row = rows_[{dataset, measurement.row}];
    if (row.engines.empty()) row.order = rows_.size();
    row.unit = measurement.unit;
    Samples& samples = row.engines[engine];
    (outcome.disturbance.disturbed ? samples.disturbed : samples.quiet)
        .push_back(measurement.value);
  }
}

std::vector<Results::RowKey> Results::InOrder() const {
  std::vector<RowKey> keys;
  for (const auto& [key, row] : rows_) keys.push_back(key);
  std::sort(keys.begin(), keys.end(), [this](const RowKey& a, const RowKey& b) {
    return rows_.at(a).order < rows_.at(b).order;
  });
  return keys;
}

std::optional<Results::Figure> Results::FigureOf(const Row& row, const std::string& engine) const {
  const auto found = row.engines.find(engine);
  if (found == row.engines.end()) return std::nullopt;
  const bool disturbed = found->second.quiet.empty();
  const std::vector<double>& values = disturbed ? found->second.disturbed : found->second.quiet;
  if (values.empty()) return std::nullopt;
  return Figure{SpreadOf(values), values.size(), disturbed};
}

std::optional<double> Results::Efficiency(const RowKey& key, const Row& row, double median) const {
  const auto limit = limit_of_(key.row, key.dataset);
  if (!limit || median <= 0) return std::nullopt;
  return InfoOf(row.unit).more_is_better ? median / *limit : *limit / median;
}

const EngineFacts& Results::FactsOf(const std::string& engine) const {
  return *std::find_if(engines_.begin(), engines_.end(),
                       [&](const EngineFacts& facts) { return facts.name == engine; });
}

std::optional<std::string> Results::BestPeer(const Row& row, const std::string& kind) const {
  std::optional<std::string> best;
  double best_median = 0;
  for (const EngineFacts& engine : engines_) {
    if (engine.kind == kSubject || (!kind.empty() && engine.kind != kind)) continue;
    const auto figure = FigureOf(row, engine.name);
    if (!figure) continue;
    const double median = figure->spread.median;
    const bool better =
        InfoOf(row.unit).more_is_better ? median > best_median : median < best_median;
    if (!best || better) {
      best = engine.name;
      best_median = median;
    }
  }
  return best;
}

std::optional<Results::Comparison> Results::Compare(const RowKey& key, const Row& row,
                                                    const Target* target) const {
  const auto subject = FigureOf(row, std::string(kSubject));
  if (!subject) return std::nullopt;
  const auto peer = BestPeer(row, target != nullptr ? target->against : "");
  Comparison comparison{.key = key, .peer = peer.value_or(""), .target = target};
  const double mine = subject->spread.median;
  if (peer) {
    const double theirs = FigureOf(row, *peer)->spread.median;
    comparison.ratio = InfoOf(row.unit).more_is_better ? mine / theirs : theirs / mine;
  }
  switch (target != nullptr ? target->kind : TargetKind::kRatio) {
    case TargetKind::kRatio: comparison.value = comparison.ratio; break;
    case TargetKind::kRatioMost:
      comparison.value = peer ? mine / FigureOf(row, *peer)->spread.median : 0;
      break;
    case TargetKind::kValueMost: comparison.value = mine; return comparison;
    case TargetKind::kEfficiency: {
      const auto efficiency = Efficiency(key, row, mine);
      if (!efficiency) return std::nullopt;
      comparison.value = *efficiency;
      return comparison;
    }
  }
  // A figure of zero (no bytes written to a file system in memory) makes no ratio.
  if (!peer || !std::isfinite(comparison.value)) return std::nullopt;
  return comparison;
}

// One for each target that has figures, and one for each other row that a peer has too.
std::vector<Results::Comparison> Results::Comparisons() const {
  std::vector<Comparison> comparisons;
  for (const RowKey& key : InOrder()) {
    const Row& row = rows_.at(key);
    bool has_target = false;
    for (const Target& target : targets_) {
      if (target.row != key.row || target.dataset != key.dataset) continue;
      has_target = true;
      if (const auto comparison = Compare(key, row, &target)) comparisons.push_back(*comparison);
    }
    if (has_target) continue;
    if (const auto comparison = Compare(key, row, nullptr)) comparisons.push_back(*comparison);
  }
  return comparisons;
}

std::string Results::ToJson() const {
  Json document;
  document["facts"] = facts_;
  document["runs"] = {{"all", runs_}, {"disturbed", disturbed_runs_}};
  document["constants"] = constants_;
  document["skipped"] = skipped_;
  document["failures"] = failures_;
  document["engines"] = Json::array();
  for (const EngineFacts& engine : engines_) {
    document["engines"].push_back({{"name", engine.name},
                                   {"title", engine.title},
                                   {"version", engine.version},
                                   {"assertions", engine.assertions},
                                   {"note", engine.note},
                                   {"options", engine.options}});
  }
  document["rows"] = Json::array();
  for (const RowKey& key : InOrder()) {
    const Row& row = rows_.at(key);
    for (const EngineFacts& engine : engines_) {
      const auto figure = FigureOf(row, engine.name);
      if (!figure) continue;
      document["rows"].push_back(
          {{"row", key.row},
           {"dataset", key.dataset},
           {"engine", engine.name},
           {"version", engine.version},
           {"unit", InfoOf(row.unit).name},
           {"more_is_better", InfoOf(row.unit).more_is_better},
           {"median", figure->spread.median},
           {"min", figure->spread.min},
           {"max", figure->spread.max},
           {"limit", OrNull(limit_of_(key.row, key.dataset))},
           {"efficiency", OrNull(Efficiency(key, row, figure->spread.median))},
           {"samples", figure->samples},
           {"disturbed", figure->disturbed},
           {"assertions", engine.assertions}});
    }
  }
  document["ratios"] = Json::array();
  for (const Comparison& comparison : Comparisons()) {
    const Target* const target = comparison.target;
    document["ratios"].push_back(
        {{"row", comparison.key.row},
         {"dataset", comparison.key.dataset},
         {"best_peer", comparison.peer.empty() ? Json(nullptr) : Json(comparison.peer)},
         {"ratio", comparison.peer.empty() ? Json(nullptr) : OrNull(comparison.ratio)},
         {"floor", target != nullptr ? OrNull(target->floor) : Json(nullptr)},
         {"goal", target != nullptr ? OrNull(target->goal) : Json(nullptr)},
         {"kind", TargetKindName(target != nullptr ? target->kind : TargetKind::kRatio)},
         {"value", OrNull(comparison.value)},
         {"verdict",
          target != nullptr ? Json(Verdict(*target, comparison.value)) : Json(nullptr)}});
  }
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string Results::TableOf(const std::string& dataset) const {
  std::vector<std::string> header{"row", "unit"};
  for (const EngineFacts& engine : engines_) {
    header.push_back(engine.title + (engine.assertions ? " †" : ""));
  }
  header.insert(header.end(), {"limit", "efficiency", "Quiver / best peer"});
  TextTable table(std::move(header));
  for (const RowKey& key : InOrder()) {
    if (key.dataset != dataset) continue;
    const Row& row = rows_.at(key);
    std::vector<std::string> cells{key.row, std::string(InfoOf(row.unit).name)};
    for (const EngineFacts& engine : engines_) {
      const auto figure = FigureOf(row, engine.name);
      cells.push_back(figure
                          ? Short(figure->spread.median) + " (" + Short(figure->spread.min) + "–" +
                                Short(figure->spread.max) + ")" + (figure->disturbed ? "*" : "")
                          : "–");
    }
    const auto subject = FigureOf(row, std::string(kSubject));
    const auto comparison = Compare(key, row, nullptr);
    cells.push_back(OrDash(limit_of_(key.row, key.dataset)));
    cells.push_back(OrDash(subject ? Efficiency(key, row, subject->spread.median) : std::nullopt));
    cells.push_back(comparison
                        ? Fixed(comparison->ratio, 2) + " (" + FactsOf(comparison->peer).title + ")"
                        : "–");
    table.Add(std::move(cells));
  }
  return "data set " + dataset + "\n\n" + table.ToString() + "\n";
}

std::string Results::TargetTable() const {
  TextTable table({"target", "data set", "kind", "value", "floor", "goal", "verdict"});
  for (const Comparison& comparison : Comparisons()) {
    if (comparison.target == nullptr) continue;
    const Target& target = *comparison.target;
    table.Add({target.row, target.dataset, std::string(TargetKindName(target.kind)),
               Short(comparison.value), OrDash(target.floor), OrDash(target.goal),
               std::string(Verdict(target, comparison.value))});
  }
  return "targets (bench/targets.json)\n\n" + table.ToString();
}

std::string Results::ToTables() const {
  std::string text;
  std::vector<std::string> datasets;
  for (const RowKey& key : InOrder()) {
    if (std::find(datasets.begin(), datasets.end(), key.dataset) != datasets.end()) continue;
    datasets.push_back(key.dataset);
    text += TableOf(key.dataset);
  }
  text += TargetTable();
  text += "\n† this library was built with assertions, which slow it.  * only disturbed runs.\n";
  text += "runs " + std::to_string(runs_) + ", disturbed " + std::to_string(disturbed_runs_) + "\n";
  for (const std::string& line : skipped_) text += "skipped: " + line + "\n";
  for (const std::string& line : failures_) text += "FAILED: " + line + "\n";
  return text;
}

}  // namespace quiver::bench
