// memtable-bench: the eight memtables on six loads at three sizes, in nanoseconds an operation.
//
//   memtable-bench [--json FILE] [--cell-seconds 10] [--sizes-mib 1,64,512]
//
// A kind is skipped at sizes above its limit. A cell is cut after --cell-seconds: its figure is
// then that of the operations done until then, marked with *, and a phase that no time was left for
// is "cut". Small sizes run several times; the median stands.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "memtable/memtable_traits.h"
#include "memtable_workload.h"
#include "report.h"

namespace quiver::bench {

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

std::vector<std::uint64_t> ParseSizes(const std::string& text) {
  std::vector<std::uint64_t> sizes;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    const bool digits = !part.empty() && part.size() <= 5 &&
                        part.find_first_not_of("0123456789") == std::string::npos;
    if (!digits || std::stoull(part) == 0) {
      Fail("--sizes-mib wants numbers from 1 to 99999 between commas, not '" + text + "'");
    }
    sizes.push_back(std::stoull(part) * kMiB);
    begin = end + 1;
  }
  return sizes;
}

// Enough repetitions that a cell of the small size is no single lucky or unlucky millisecond.
std::uint64_t RepetitionsAt(std::uint64_t size_bytes) {
  return std::clamp<std::uint64_t>(16 * kMiB / size_bytes, 1, 9) | 1;
}

// The median of a phase over the repetitions.
CellTime MedianOf(std::vector<CellTime> times) {
  CellTime median = times.front();
  for (std::size_t phase = 0; phase < median.phases.size(); ++phase) {
    std::sort(times.begin(), times.end(), [phase](const CellTime& a, const CellTime& b) {
      return a.phases[phase].seconds < b.phases[phase].seconds;
    });
    median.phases[phase] = times[times.size() / 2].phases[phase];
  }
  return median;
}

CellTime Measure(MemtableKind kind, const LoadInput& input, double limit_seconds,
                 MemtableSurroundings& surroundings) {
  std::vector<CellTime> times;
  double spent_seconds = 0;
  do {
    const Stopwatch stopwatch;
    times.push_back(RunLoad(kind, input, limit_seconds, surroundings));
    spent_seconds += stopwatch.seconds();
  } while (times.size() < RepetitionsAt(input.size_bytes()) && spent_seconds < limit_seconds);
  return MedianOf(std::move(times));
}

std::string CellText(const LoadInfo& load, const CellTime& time) {
  std::string text;
  for (std::size_t i = 0; i < load.phases.size() && !load.phases[i].empty(); ++i) {
    const PhaseTime& phase = time.phases[i];
    if (i > 0) text += " / ";
    text += phase.operations == 0 ? "cut" : Fixed(phase.ns_per_operation(), 0);
    if (phase.cut) text += "*";
  }
  return text;
}

void AddTo(JsonReport& report, const MemtableTraits& traits, const LoadInfo& load,
           std::uint64_t size_bytes, const CellTime& time) {
  for (std::size_t i = 0; i < load.phases.size() && !load.phases[i].empty(); ++i) {
    const PhaseTime& phase = time.phases[i];
    report.BeginRow();
    report.Field("memtable", traits.name);
    report.Field("load", load.name);
    report.Field("phase", load.phases[i]);
    report.Field("size_mib", static_cast<double>(size_bytes / kMiB));
    report.Field("operations", phase.operations);
    report.Field("unit", "ns/op");
    report.Field("value", phase.ns_per_operation());
    report.Field("cut", phase.cut || phase.operations == 0 ? "yes" : "no");
    report.Field("memory_bytes_per_entry", time.memory_bytes_per_entry);
  }
}

void RunSize(std::uint64_t size_bytes, double limit_seconds, MemtableSurroundings& surroundings,
             JsonReport& report) {
  std::vector<std::vector<std::string>> rows;
  for (const MemtableTraits& traits : AllMemtableTraits()) {
    rows.push_back({std::string(traits.name)});
  }
  std::vector<std::string> header{"memtable"};
  std::vector<std::string> memory(rows.size(), "–");
  for (const LoadInfo& load : kLoads) {
    std::string phases(load.phases[0]);
    if (!load.phases[1].empty()) phases += " / " + std::string(load.phases[1]);
    header.push_back(std::string(load.name) + " (" + phases + ")");
    const LoadInput input(load.load, size_bytes);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const MemtableTraits& traits = AllMemtableTraits()[i];
      if (size_bytes > traits.size_bytes_max) {
        rows[i].emplace_back("skipped");
        continue;
      }
      const CellTime time = Measure(traits.kind, input, limit_seconds, surroundings);
      rows[i].push_back(CellText(load, time));
      AddTo(report, traits, load, size_bytes, time);
      if (load.load == Load::kRandom && !time.phases[0].cut) {
        memory[i] = Fixed(time.memory_bytes_per_entry, 0);
      }
    }
    std::fprintf(stderr, "%llu MiB, %s: done\n", static_cast<unsigned long long>(size_bytes / kMiB),
                 std::string(load.name).c_str());
  }
  header.emplace_back("memory (bytes an entry)");
  TextTable table(std::move(header));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].push_back(memory[i]);
    table.Add(std::move(rows[i]));
  }
  std::printf("\n%llu MiB: %llu entries of %zu + %zu bytes; ns an operation\n%s",
              static_cast<unsigned long long>(size_bytes / kMiB),
              static_cast<unsigned long long>(size_bytes / kEntryBytes), kKeyBytes, kValueBytes,
              table.ToString().c_str());
  for (const MemtableTraits& traits : AllMemtableTraits()) {
    if (size_bytes <= traits.size_bytes_max) continue;
    std::printf("%s is skipped: it is flushed at %llu MiB at the latest.\n",
                std::string(traits.name).c_str(),
                static_cast<unsigned long long>(traits.size_bytes_max / kMiB));
  }
  std::fflush(stdout);
}

int Run(int argc, char** argv) {
  Flags flags(argc, argv);
  const std::string json = flags.Text("json", "");
  const auto limit_seconds = static_cast<double>(flags.Number("cell-seconds", 10));
  const std::vector<std::uint64_t> sizes = ParseSizes(flags.Text("sizes-mib", "1,64,512"));
  flags.Finish();

  std::printf("machine: %s\nload averages at the start: %s\n", MachineDescription().c_str(),
              LoadAverages().c_str());
  std::printf("a cell is cut after %.0f s: * marks a figure of the operations until then\n",
              limit_seconds);
  for (const LoadInfo& load : kLoads) {
    std::printf("- %s: %s\n", std::string(load.name).c_str(), std::string(load.meaning).c_str());
  }
  JsonReport report;
  report.Fact("machine", MachineDescription());
  report.Fact("cell_seconds_max", Fixed(limit_seconds, 0));
  MemtableSurroundings surroundings;
  for (const std::uint64_t size_bytes : sizes) {
    RunSize(size_bytes, limit_seconds, surroundings, report);
  }
  std::printf("\nload averages at the end: %s\n", LoadAverages().c_str());
  if (!json.empty()) report.Write(json);
  return 0;
}

}  // namespace

}  // namespace quiver::bench

int main(int argc, char** argv) {
  return quiver::bench::Run(argc, argv);
}
