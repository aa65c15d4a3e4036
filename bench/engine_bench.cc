// quiver-bench-peers: Quiver beside RocksDB, LevelDB and LMDB, on the same keys, values, random
// sequence, memory budget and durability class. The engines take turns within each round, so that
// a disturbance of the machine meets all of them; medians, minima and maxima are over the rounds.
//
//   quiver-bench-peers [--rows 1000000] [--rounds 3] [--directory DIR] [--json FILE] [--minutes 0]
//
// --minutes ends the run after the first round that another would carry past so many minutes; 0 is
// no limit. DIR/<engine> is removed before and after each turn.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine_round.h"
#include "report.h"

namespace quiver::bench {

namespace {

constexpr std::array kCodecs{Codec::kNone, Codec::kLz4};

std::string_view CodecName(Codec codec) {
  return codec == Codec::kLz4 ? "LZ4" : "no compression";
}

struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};

Spread SpreadOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

struct Settings {
  std::uint64_t rows = 0;
  std::uint64_t rounds = 0;
  std::uint64_t minutes = 0;
  std::filesystem::path directory;
  std::string json;
};

// What every engine measured with one codec.
class Pass {
 public:
  Pass(Codec codec, const std::vector<EngineKind>& kinds) : codec_(codec) {
    for (const EngineKind& kind : kinds) {
      if (codec == Codec::kNone || kind.compresses) engines_.push_back({&kind, {}});
    }
  }

  // The engine that begins changes from round to round.
  void RunRound(const Settings& settings, const Workload& workload, std::uint64_t round) {
    for (std::size_t turn = 0; turn < engines_.size(); ++turn) {
      Measured& engine = engines_[(turn + round) % engines_.size()];
      const Stopwatch stopwatch;
      engine.rounds.push_back(
          RunEngineRound(*engine.kind, OptionsFor(*engine.kind, settings), workload, round));
      std::fprintf(
          stderr, "round %llu, %s, %s: %.1f s\n", static_cast<unsigned long long>(round + 1),
          std::string(CodecName(codec_)).c_str(), engine.kind->name.c_str(), stopwatch.seconds());
    }
  }

  void PrintOptions(const Settings& settings) const {
    for (const Measured& engine : engines_) {
      const EngineOptions options = OptionsFor(*engine.kind, settings);
      std::printf("- %s %s: %s%s%s\n", engine.kind->name.c_str(), engine.kind->version.c_str(),
                  engine.kind->describe(options).c_str(),
                  engine.kind->note.empty() ? "" : ". Note: ", engine.kind->note.c_str());
    }
  }

  void PrintTable() const {
    std::vector<std::string> header{"row", "unit"};
    for (const Measured& engine : engines_) header.push_back(engine.kind->name);
    header.emplace_back("Quiver / best peer");
    TextTable table(std::move(header));
    for (std::size_t row = 0; row < kRowCount; ++row) {
      std::vector<std::string> cells{std::string(kRows[row].name), std::string(kRows[row].unit)};
      const int digits = kRows[row].more_is_better ? 0 : 1;
      for (const Measured& engine : engines_) {
        const Spread spread = engine.Of(row);
        cells.push_back(Fixed(spread.median, digits) + " (" + Fixed(spread.min, digits) + "–" +
                        Fixed(spread.max, digits) + ")");
      }
      cells.push_back(Ratio(row));
      table.Add(std::move(cells));
    }
    std::printf("\n%s\n%s\n", std::string(CodecName(codec_)).c_str(), table.ToString().c_str());
  }

  void AddTo(JsonReport& report) const {
    for (std::size_t row = 0; row < kRowCount; ++row) {
      for (const Measured& engine : engines_) {
        const Spread spread = engine.Of(row);
        report.BeginRow();
        report.Field("row", kRows[row].name);
        report.Field("compression", CodecName(codec_));
        report.Field("engine", engine.kind->name);
        report.Field("version", engine.kind->version);
        report.Field("unit", kRows[row].unit);
        report.Field("median", spread.median);
        report.Field("min", spread.min);
        report.Field("max", spread.max);
      }
    }
  }

 private:
  struct Measured {
    const EngineKind* kind;
    std::vector<Figures> rounds;

    Spread Of(std::size_t row) const {
      std::vector<double> values;
      for (const Figures& figures : rounds) values.push_back(figures[row]);
      return SpreadOf(std::move(values));
    }
  };

  EngineOptions OptionsFor(const EngineKind& kind, const Settings& settings) const {
    EngineOptions options;
    options.directory = settings.directory / kind.name;
    options.codec = codec_;
    return options;
  }

  std::string Ratio(std::size_t row) const {
    std::optional<std::size_t> best;
    for (std::size_t i = 1; i < engines_.size(); ++i) {
      if (!best) best = i;
      const double median = engines_[i].Of(row).median;
      const double best_median = engines_[*best].Of(row).median;
      if (kRows[row].more_is_better ? median > best_median : median < best_median) best = i;
    }
    if (!best) return "no peer in this build";
    const double ratio = engines_.front().Of(row).median / engines_[*best].Of(row).median;
    return Fixed(ratio, 2) + " (" + engines_[*best].kind->name + ")";
  }

  Codec codec_;
  std::vector<Measured> engines_;
};

void PrintHead(const Settings& settings, const std::vector<Pass>& passes) {
  std::printf("%llu entries of %zu + %zu bytes, half of each value compressible; one thread.\n",
              static_cast<unsigned long long>(settings.rows), kKeyBytes, kValueBytes);
  std::printf("machine: %s\nload averages at the start: %s\n\n", MachineDescription().c_str(),
              LoadAverages().c_str());
  for (std::size_t i = 0; i < passes.size(); ++i) {
    std::printf("options, %s:\n", std::string(CodecName(kCodecs[i])).c_str());
    passes[i].PrintOptions(settings);
    std::printf("\n");
  }
  std::printf("rows:\n");
  for (const RowInfo& row : kRows) {
    std::printf("- %s (%s, %s is better): %s\n", std::string(row.name).c_str(),
                std::string(row.unit).c_str(), row.more_is_better ? "more" : "less",
                std::string(row.meaning).c_str());
  }
  std::fflush(stdout);
}

// Returns the rounds that the time allowed.
std::uint64_t RunRounds(const Settings& settings, std::vector<Pass>& passes) {
  const Workload workload(settings.rows);
  const Stopwatch stopwatch;
  for (std::uint64_t round = 0; round < settings.rounds; ++round) {
    for (Pass& pass : passes) pass.RunRound(settings, workload, round);
    const double a_round_more =
        stopwatch.seconds() * static_cast<double>(round + 2) / static_cast<double>(round + 1);
    if (settings.minutes != 0 && a_round_more > static_cast<double>(settings.minutes) * 60) {
      return round + 1;
    }
  }
  return settings.rounds;
}

int Run(int argc, char** argv) {
  Flags flags(argc, argv);
  Settings settings;
  settings.rows = flags.Number("rows", 1'000'000);
  settings.rounds = flags.Number("rounds", 3);
  settings.minutes = flags.Number("minutes", 0);
  settings.directory = flags.Text("directory", "build/bench/data");
  settings.json = flags.Text("json", "");
  flags.Finish();
  if (settings.rows == 0 || settings.rounds == 0) Fail("--rows and --rounds are at least 1");

  const std::vector<EngineKind> kinds = AllEngineKinds();
  std::vector<Pass> passes;
  for (const Codec codec : kCodecs) passes.emplace_back(codec, kinds);
  PrintHead(settings, passes);
  const std::uint64_t rounds = RunRounds(settings, passes);

  std::printf("\nmedian (minimum–maximum) of %llu rounds%s; load averages at the end: %s\n",
              static_cast<unsigned long long>(rounds),
              rounds < settings.rounds ? ", fewer than asked for because of --minutes" : "",
              LoadAverages().c_str());
  for (const Pass& pass : passes) pass.PrintTable();
  if (settings.json.empty()) return 0;
  JsonReport report;
  report.Fact("machine", MachineDescription());
  report.Fact("entries", std::to_string(settings.rows));
  report.Fact("rounds", std::to_string(rounds));
  for (const EngineKind& kind : kinds) {
    EngineOptions options;
    report.Fact("options of " + kind.name, kind.describe(options));
    if (!kind.note.empty()) report.Fact("note on " + kind.name, kind.note);
  }
  for (const Pass& pass : passes) pass.AddTo(report);
  report.Write(settings.json);
  return 0;
}

}  // namespace

}  // namespace quiver::bench

int main(int argc, char** argv) {
  return quiver::bench::Run(argc, argv);
}
