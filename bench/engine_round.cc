#include "engine_round.h"

#include <sys/stat.h>

#include <string>
#include <vector>

#include "report.h"

namespace quiver::bench {

namespace {

// Bytes the file system gave to the files of a directory: a sparse map counts what it uses.
std::uint64_t AllocatedBytes(const std::filesystem::path& directory) {
  constexpr std::uint64_t kStatBlockBytes = 512;
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat status{};
    if (file.is_regular_file() && ::stat(file.path().c_str(), &status) == 0) {
      bytes += static_cast<std::uint64_t>(status.st_blocks) * kStatBlockBytes;
    }
  }
  return bytes;
}

class Turn {
 public:
  Turn(const EngineKind& kind, const EngineOptions& options, const Workload& workload)
      : kind_(kind), options_(options), workload_(workload) {}

  Figures Run(std::uint64_t round) {
    Figures figures{};
    const auto set = [&figures](Row row, double value) {
      figures[static_cast<std::size_t>(row)] = value;
    };
    OpenEmpty();
    const Stopwatch since_load;
    set(Row::kLoad, Rate(Load()));
    const double idle_seconds = Need(engine_->Settle(), "settle");
    set(Row::kLoadSettled, Rate(since_load.seconds() - idle_seconds));
    set(Row::kScan, Rate(Scan()));
    ReadHits(2 * round, rows() / 4);
    set(Row::kReadHit, Rate(ReadHits(2 * round + 1, rows())));
    set(Row::kReadAbsent, Rate(ReadAbsent()));
    set(Row::kScanAgain, Rate(Scan()));
    // Not right after settling: engines remove the inputs of the last merge a little later.
    set(Row::kSize, static_cast<double>(AllocatedBytes(options_.directory)) / (1U << 20));
    CloseAndRemove();

    OpenEmpty();
    set(Row::kBatchLoad, Rate(LoadBatches()));
    // Without this, a backlog of compactions would be left out of sight and the next turn suffer.
    Need(engine_->Settle(), "settle");
    CloseAndRemove();
    return figures;
  }

 private:
  std::uint64_t rows() const { return workload_.present.count(); }
  double Rate(double seconds) const { return static_cast<double>(rows()) / seconds / 1000; }

  [[noreturn]] void FailAt(std::string_view what, const std::string& why) const {
    Fail(kind_.name + ", " + std::string(what) + ": " + why);
  }
  template <typename T>
  T Need(Result<T> result, std::string_view what) const {
    if (!result) FailAt(what, result.error().ToString());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
  }

  void OpenEmpty() {
    std::filesystem::remove_all(options_.directory);
    std::filesystem::create_directories(options_.directory.parent_path());
    engine_ = Need(kind_.open(options_), "open");
  }

  void CloseAndRemove() {
    Need(engine_->Close(), "close");
    engine_.reset();
    std::filesystem::remove_all(options_.directory);
  }

  double Load() {
    Value value;
    const Stopwatch stopwatch;
    for (std::uint64_t i = 0; i < rows(); ++i) {
      value.Fill(i);
      const auto put = engine_->Put(workload_.present[i], value.view());
      if (!put) FailAt("put", put.error().ToString());
    }
    return stopwatch.seconds();
  }

  double LoadBatches() {
    std::vector<Value> values(kBatchEntries);
    std::vector<KeyValue> batch;
    const Stopwatch stopwatch;
    for (std::uint64_t i = 0; i < rows();) {
      batch.clear();
      for (; batch.size() < kBatchEntries && i < rows(); ++i) {
        Value& value = values[batch.size()];
        value.Fill(i);
        batch.push_back({workload_.present[i], value.view()});
      }
      const auto written = engine_->WriteBatch(batch);
      if (!written) FailAt("batch", written.error().ToString());
    }
    return stopwatch.seconds();
  }

  double ReadHits(std::uint64_t stream, std::uint64_t count) {
    std::string value;
    const Stopwatch stopwatch;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t index = RandomBelow(stream, i, rows());
      const auto found = engine_->Get(workload_.present[index], value);
      if (!found) FailAt("get", found.error().ToString());
      if (!*found) FailAt("get", "key " + std::string(workload_.present[index]) + " is missing");
      if (!BelongsTo(value, index)) FailAt("get", "the value belongs to another key");
    }
    return stopwatch.seconds();
  }

  double ReadAbsent() {
    std::string value;
    const Stopwatch stopwatch;
    for (std::uint64_t i = 0; i < rows(); ++i) {
      const auto found = engine_->Get(workload_.absent[i], value);
      if (!found) FailAt("get", found.error().ToString());
      if (*found) FailAt("get", "found key " + std::string(workload_.absent[i]) + ", never put");
    }
    return stopwatch.seconds();
  }

  double Scan() {
    const Stopwatch stopwatch;
    const ScanTotals totals = Need(engine_->ScanAll(), "scan");
    const double seconds = stopwatch.seconds();
    if (totals.entries != rows() || totals.bytes != rows() * kEntryBytes) {
      FailAt("scan", "saw " + std::to_string(totals.entries) + " entries of " +
                         std::to_string(totals.bytes) + " bytes in all");
    }
    return seconds;
  }

  const EngineKind& kind_;
  const EngineOptions& options_;
  const Workload& workload_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

Figures RunEngineRound(const EngineKind& kind, const EngineOptions& options,
                       const Workload& workload, std::uint64_t round) {
  return Turn(kind, options, workload).Run(round);
}

}  // namespace quiver::bench
