// Variants: the engines of a run, each as it is run; or, for a plan about one setting of Quiver,
// Quiver once with each value of it.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "driver/dataset.h"
#include "driver/plan.h"
#include "driver/runner.h"
#include "engines/engine.h"

namespace quiver::bench {

/// The common budget on a data set, made smaller with it: most of a small data set would never
/// leave memtables of full size.
EngineOptions OptionsFor(const Dataset& dataset, const std::string& directory, double scale);

/// Those of `wanted`, or all if it is empty.
std::vector<Variant> VariantsOf(const Plan& plan, const std::vector<std::string>& wanted);

/// The parts of "a=b,c=d". Ends the process if one has no '='.
std::vector<std::pair<std::string, std::string>> SettingsFrom(const std::string& text);

std::vector<std::string> SplitList(const std::string& list);

}  // namespace quiver::bench
