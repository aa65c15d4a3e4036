// CheckPlan: the rules of compaction_strategy.h, spelt out against a version. It shares nothing
// with PlanBuilder, so that an error there shows here.
#include <algorithm>
#include <set>
#include <utility>

#include "base/escape.h"
#include "base/try.h"
#include "compaction/compaction_strategy.h"
#include "compaction/key_range.h"

namespace quiver {

namespace {

// A run's place in the order of age: smaller is newer.
struct Age {
  std::uint32_t level;
  std::size_t run_index;
  auto operator<=>(const Age&) const = default;
};

struct PlacedInput {
  Age age;
  const CompactionInput* input;
  KeyRange range;
};

Error Breaks(std::string what) {
  return Error(ErrorCode::kInternal, "the compaction plan breaks a rule: " + std::move(what));
}

std::string RunText(std::uint32_t level, RunNumber run) {
  return "level " + std::to_string(level) + ", run " + std::to_string(run);
}

std::string TableText(const TableFile& table) {
  return "table " + std::to_string(table.summary.number) + " [" +
         EscapeBytes(table.summary.smallest_key) + " .. " + EscapeBytes(table.summary.largest_key) +
         "]";
}

class Checker {
 public:
  Checker(const Version& version, const CompactionPlan& plan, const CompactionContext& context)
      : version_(version), plan_(plan), context_(context) {}

  Result<void> Check() {
    QUIVER_TRY(CheckInputs());
    if (plan_.action == CompactionAction::kDrop) return CheckDrop();
    QUIVER_TRY(FindOutput());
    QUIVER_TRY(CheckPassed());
    QUIVER_TRY(CheckOutputRun());
    QUIVER_TRY(CheckBottom());
    if (plan_.action == CompactionAction::kMove) QUIVER_TRY(CheckMove());
    return CheckOthers();
  }

 private:
  Result<void> CheckInputs() {
    if (plan_.inputs.empty()) return Breaks("it has no inputs");
    for (const CompactionInput& input : plan_.inputs) QUIVER_TRY(CheckInput(input));
    return {};
  }

  Result<void> CheckInput(const CompactionInput& input) {
    const std::string place = RunText(input.level, input.run);
    const std::vector<SortedRun>& runs = version_.level(input.level).runs;
    const auto run = std::find_if(runs.begin(), runs.end(), [&](const SortedRun& candidate) {
      return candidate.number == input.run;
    });
    if (run == runs.end()) return Breaks("there is no " + place);
    const Age age{input.level, static_cast<std::size_t>(run - runs.begin())};
    if (!inputs_.empty() && age <= inputs_.back().age) {
      return Breaks(place + " does not come in the order of age");
    }
    if (input.tables.empty()) return Breaks(place + " gives no tables");
    auto at = run->tables.begin();
    KeyRange range;
    for (const TableFileRef& table : input.tables) {
      const auto found = std::find(at, run->tables.end(), table);
      if (found == run->tables.end()) return Breaks(TableText(*table) + " is not in " + place);
      const bool has_gap = found != at && !range.empty;
      if (has_gap && plan_.action != CompactionAction::kDrop) {
        return Breaks("the tables of " + place + " are not adjacent");
      }
      at = found + 1;
      if (context_.busy.contains(table->summary.number)) {
        return Breaks(TableText(*table) + " is busy in another plan");
      }
      range.Extend(*table);
      taken_.insert(table->summary.number);
    }
    all_.Extend(range.smallest, range.largest);
    inputs_.push_back({age, &input, range});
    return {};
  }

  // Where the output comes to stand. A new run stands on top of its level.
  Result<void> FindOutput() {
    if (plan_.output_level >= kLevelCountMax) return Breaks("there is no such output level");
    const std::vector<SortedRun>& runs = version_.level(plan_.output_level).runs;
    if (inputs_.back().age.level > plan_.output_level) {
      return Breaks("an input lies below the output level");
    }
    output_ = {plan_.output_level, 0};
    if (plan_.output_run == 0) {
      // A number of its own would make it newer than runs that came while the plan was running.
      if (inputs_.back().age.level == plan_.output_level) {
        return Breaks("a merge within a level must take the place of a run");
      }
      return {};
    }
    while (output_.run_index < runs.size() && runs[output_.run_index].number != plan_.output_run) {
      ++output_.run_index;
    }
    if (output_.run_index == runs.size()) {
      return Breaks("there is no " + RunText(plan_.output_level, plan_.output_run));
    }
    return {};
  }

  // Whether the data of `input` passes the run at `age` on its way to the output.
  bool Passes(const PlacedInput& input, Age age) const {
    const bool down = input.age < age && (age < output_ || (age == output_ && plan_.output_run));
    const bool up = age < input.age && (output_ < age || (age == output_ && plan_.output_run));
    return down || up;
  }

  // Rule 1: nothing is left behind that an input overlaps on its way.
  Result<void> CheckPassed() const {
    return ForEachTable([&](Age age, const TableFile& table) -> Result<void> {
      if (taken_.contains(table.summary.number)) return {};
      for (const PlacedInput& input : inputs_) {
        if (!Passes(input, age) || !input.range.Overlaps(table)) continue;
        return Breaks(TableText(table) + " of level " + std::to_string(age.level) +
                      " is passed by the inputs from " +
                      RunText(input.input->level, input.input->run) + " but is none itself");
      }
      return {};
    });
  }

  // Rule 2: an output table may reach from any input key to any other.
  Result<void> CheckOutputRun() const {
    if (plan_.output_run == 0) return {};
    return ForEachTable([&](Age age, const TableFile& table) -> Result<void> {
      if (age != output_ || taken_.contains(table.summary.number) || !all_.Overlaps(table)) {
        return {};
      }
      return Breaks(TableText(table) + " stays in the run that the output joins and overlaps it");
    });
  }

  Result<void> CheckBottom() const {
    if (!plan_.is_bottom) return {};
    return ForEachTable([&](Age age, const TableFile& table) -> Result<void> {
      const bool is_older = output_ < age || (age == output_ && plan_.output_run == 0);
      if (!is_older || taken_.contains(table.summary.number) || !all_.Overlaps(table)) return {};
      return Breaks("it calls itself bottom, but " + TableText(table) + " of level " +
                    std::to_string(age.level) + " is older");
    });
  }

  Result<void> CheckMove() const {
    std::vector<const TableFile*> tables;
    for (const PlacedInput& input : inputs_) {
      if (plan_.output_run != 0 && input.age == output_) {
        return Breaks("it moves tables to where they are");
      }
      for (const TableFileRef& table : input.input->tables) tables.push_back(table.get());
    }
    std::sort(tables.begin(), tables.end(), [](const TableFile* a, const TableFile* b) {
      return a->summary.smallest_key < b->summary.smallest_key;
    });
    for (std::size_t i = 1; i < tables.size(); ++i) {
      if (tables[i - 1]->summary.largest_key < tables[i]->summary.smallest_key) continue;
      return Breaks("it moves " + TableText(*tables[i - 1]) + " and " + TableText(*tables[i]) +
                    ", which overlap, into one run");
    }
    return {};
  }

  // Dropping a table must not uncover older values of its keys.
  Result<void> CheckDrop() const {
    if (plan_.drops_hidden) return {};
    return ForEachTable([&](Age age, const TableFile& table) -> Result<void> {
      if (taken_.contains(table.summary.number)) return {};
      for (const PlacedInput& input : inputs_) {
        if (age <= input.age) continue;
        for (const TableFileRef& dropped : input.input->tables) {
          KeyRange range;
          range.Extend(*dropped);
          if (!range.Overlaps(table)) continue;
          return Breaks("it drops " + TableText(*dropped) + " but keeps " + TableText(table) +
                        ", which is older");
        }
      }
      return {};
    });
  }

  // Rule 3, second half.
  Result<void> CheckOthers() const {
    if (plan_.output_run == 0) return {};
    for (const OutputRange& other : context_.outputs) {
      if (other.level == plan_.output_level && other.run == plan_.output_run &&
          all_.Overlaps(other.smallest_key, other.largest_key)) {
        return Breaks("another plan writes into " + RunText(other.level, other.run) + ", from " +
                      EscapeBytes(other.smallest_key) + " to " + EscapeBytes(other.largest_key));
      }
    }
    return {};
  }

  template <typename Visit>
  Result<void> ForEachTable(const Visit& visit) const {
    for (std::uint32_t level = 0; level < version_.levels().size(); ++level) {
      const std::vector<SortedRun>& runs = version_.level(level).runs;
      for (std::size_t run = 0; run < runs.size(); ++run) {
        for (const TableFileRef& table : runs[run].tables) {
          QUIVER_TRY(visit(Age{level, run}, *table));
        }
      }
    }
    return {};
  }

  const Version& version_;
  const CompactionPlan& plan_;
  const CompactionContext& context_;
  std::vector<PlacedInput> inputs_;
  std::set<FileNumber> taken_;
  KeyRange all_;
  Age output_{0, 0};
};

}  // namespace

Result<void> CheckPlan(const Version& version, const CompactionPlan& plan,
                       const CompactionContext& context) {
  return Checker(version, plan, context).Check();
}

}  // namespace quiver
