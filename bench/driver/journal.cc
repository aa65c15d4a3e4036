#include "driver/journal.h"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

namespace quiver::bench {

namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const ChildOutcome& outcome) {
  Json object{{"seconds", outcome.seconds},
              {"disturbed", outcome.disturbance.disturbed},
              {"others_share", outcome.disturbance.others_share},
              {"stolen_share", outcome.disturbance.stolen_share},
              {"skipped", outcome.skipped},
              {"rows", Json::array()}};
  for (const Measurement& measurement : outcome.measurements) {
    object["rows"].push_back(
        Json::array({measurement.row, InfoOf(measurement.unit).name, measurement.value}));
  }
  return object;
}

// Throws nlohmann's exceptions where the object is not what ToJson() makes.
ChildOutcome FromJson(const Json& object) {
  ChildOutcome outcome;
  outcome.seconds = object.at("seconds");
  outcome.disturbance.disturbed = object.at("disturbed");
  outcome.disturbance.others_share = object.at("others_share");
  outcome.disturbance.stolen_share = object.at("stolen_share");
  outcome.skipped = object.at("skipped").get<std::vector<std::string>>();
  for (const Json& row : object.at("rows")) {
    const auto unit = UnitNamed(row.at(1).get<std::string>());
    outcome.measurements.push_back({row.at(0).get<std::string>(), unit.value(), row.at(2)});
  }
  return outcome;
}

Error Faulty(const std::filesystem::path& path, const std::string& what) {
  return {ErrorCode::kInvalidArgument,
          path.string() + " " + what + ": remove it to begin anew, or name another --journal"};
}

}  // namespace

Result<Journal> Journal::Open(const std::filesystem::path& path, const Identity& identity) {
  Journal journal;
  journal.path_ = path;
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::absolute(path).parent_path(), error);
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  // What was being written at the end of the last call: its child runs again.
  const std::size_t whole = text.rfind('\n') + 1;
  if (whole != text.size()) std::filesystem::resize_file(path, whole, error);
  std::istringstream lines(text.substr(0, whole));
  std::string line;
  if (!std::getline(lines, line)) {
    if (auto begun = journal.Append(Json{{"run", identity}}.dump()); !begun) return begun.error();
    return journal;
  }
  try {
    const auto found = Json::parse(line).at("run").get<Identity>();
    for (const auto& [name, value] : identity) {
      const auto other = found.find(name);
      if (other != found.end() && other->second == value) continue;
      return Faulty(path, "is of another run, whose " + name + " is '" +
                              (other == found.end() ? "" : other->second) + "', not '" + value +
                              "'");
    }
    while (std::getline(lines, line)) {
      const Json entry = Json::parse(line);
      journal.outcomes_[entry.at("child")] = FromJson(entry.at("outcome"));
    }
  } catch (const std::exception& fault) {
    return Faulty(path, std::string("is no journal (") + fault.what() + ")");
  }
  return journal;
}

std::optional<ChildOutcome> Journal::Find(const std::string& child) const {
  const auto found = outcomes_.find(child);
  if (found == outcomes_.end()) return std::nullopt;
  return found->second;
}

Result<void> Journal::Add(const std::string& child, const ChildOutcome& outcome) {
  if (!outcome.error.empty()) return {};
  outcomes_[child] = outcome;
  return Append(Json{{"child", child}, {"outcome", ToJson(outcome)}}.dump());
}

void Journal::Remove() {
  std::error_code error;
  if (!path_.empty()) std::filesystem::remove(path_, error);
}

Result<void> Journal::Append(const std::string& line) {
  if (path_.empty()) return {};
  std::ofstream file(path_, std::ios::app);
  file << line + "\n";
  file.close();
  if (file) return {};
  return Error(ErrorCode::kIo, "cannot write the journal " + path_.string());
}

}  // namespace quiver::bench
