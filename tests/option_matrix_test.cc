// The crash programs meet every setting with more than one value, and every value of every enum.
#include "harness/option_matrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "crash_explorer/row_maker.h"
#include "crash_explorer/workload.h"
#include "fault_sweep/sweep_workload.h"

namespace quiver::torture {
namespace {

// Settings that the crash explorer or the fault sweep leaves at one value, each with its reason.
// Whoever adds a setting adds its values to harness/option_matrix.cc, or a line here.
struct Exception {
  std::string_view setting;
  std::string_view reason;
};
constexpr std::array<Exception, 0> kExceptions{};

void ExpectAllMet(const OptionsMet& met) {
  const std::vector<std::string> excluded = met.Excluded();
  for (const std::string& setting : excluded) {
    EXPECT_NE(std::ranges::find(kExceptions, setting, &Exception::setting), kExceptions.end())
        << setting << " takes too few values in the crash matrix";
  }
  for (const Exception& exception : kExceptions) {
    EXPECT_FALSE(exception.reason.empty());
    EXPECT_NE(std::ranges::find(excluded, exception.setting), excluded.end())
        << exception.setting << " is no exception any more";
  }
}

TEST(OptionMatrixTest, EachBlockOfTheCrashExplorerMeetsEverySetting) {
  for (std::uint64_t block = 0; block < 20; ++block) {
    OptionsMet met;
    for (std::uint64_t i = 0; i < kOptionBlock; ++i) {
      met.Add(Workload(/*seed=*/1, block * kOptionBlock + i).config());
    }
    ExpectAllMet(met);
  }
}

TEST(OptionMatrixTest, TheFaultSweepMeetsEverySetting) {
  OptionsMet met;
  for (std::uint64_t config = 0; config < SweepWorkload::kConfigCount; ++config) {
    met.Add(SweepWorkload(/*seed=*/1, FaultCase{.config = config}).config());
  }
  ExpectAllMet(met);
}

TEST(OptionMatrixTest, OneConfigurationMeetsNothing) {
  OptionsMet met;
  met.Add(OptionsOf(0));
  EXPECT_EQ(met.Excluded().size(), ConfigTable().size());
}

TEST(OptionMatrixTest, AnEnumOfWhichAValueIsMissingIsExcluded) {
  OptionsMet met;
  for (std::uint64_t number = 0; number < kOptionBlock; ++number) {
    DatabaseConfig config = OptionsOf(number);
    if (config.wal_recovery_mode == WalRecoveryMode::kTolerateTail) {
      config.wal_recovery_mode = WalRecoveryMode::kAbsolute;
    }
    met.Add(config);
  }
  EXPECT_EQ(met.Excluded(), std::vector<std::string>{"wal_recovery_mode"});
}

TEST(OptionMatrixTest, EveryConfigurationIsValid) {
  for (std::uint64_t number = 0; number < 1000; ++number) {
    const DatabaseConfig config = OptionsOf(number);
    for (std::size_t keyspace = 0; keyspace < 8; ++keyspace) {
      const DatabaseConfig own = KeyspaceConfig(config, keyspace);
      for (const DatabaseConfig& each : {ForCreation(own), ForExisting(own)}) {
        for (const ConfigViolation& violation : ValidateConfig(each)) {
          ADD_FAILURE() << "number " << number << ", keyspace " << keyspace << ": "
                        << violation.ToString();
        }
      }
    }
  }
}

}  // namespace
}  // namespace quiver::torture
