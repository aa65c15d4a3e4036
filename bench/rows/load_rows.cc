// Rows that fill an empty database.
#include <array>

#include "driver/machine.h"
#include "rows/group.h"

namespace quiver::bench {

namespace {

constexpr std::uint64_t kBatchEntries = 100;

double PerByte(std::uint64_t written_bytes, std::uint64_t user_bytes) {
  return static_cast<double>(written_bytes) / static_cast<double>(user_bytes);
}

double Mebibytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

Timed FillInBatches(Engine& engine, const Dataset& dataset) {
  auto session = Take(engine.NewSession(), "session");
  std::vector<KeyBuffer> keys(kBatchEntries, KeyBuffer(dataset));
  // The batch points into values that must live together.
  std::vector<std::string> values(kBatchEntries);
  ValueBuffer value(dataset);
  std::array<KeyValue, kBatchEntries> batch;
  const Stopwatch stopwatch;
  for (std::uint64_t i = 0; i < dataset.entries; i += kBatchEntries) {
    const std::uint64_t count = std::min(kBatchEntries, dataset.entries - i);
    for (std::uint64_t k = 0; k < count; ++k) {
      values[k].assign(value.Of(i + k));
      batch[k] = {keys[k].Random(i + k), values[k]};
    }
    Need(session->WriteBatch({batch.data(), count}), "batch");
  }
  return {dataset.entries, stopwatch.seconds()};
}

void ReportSize(const GroupContext& context, std::string_view row) {
  ReportRow(row, Mebibytes(DiskBytes(context.options.directory)), Unit::kMebibytes);
}

}  // namespace

void RunBulkLoad(GroupContext& context) {
  context.options.bulk = true;
  const Dataset& dataset = context.dataset;
  auto engine = OpenEngine(context);
  KeyBuffer keys(dataset);
  ValueBuffer values(dataset);
  std::uint64_t i = 0;
  const Stopwatch stopwatch;
  Need(engine->BulkLoad([&](KeyValue& entry) {
    if (i == dataset.entries) return false;
    entry = {keys.Sequential(i), values.Of(i)};
    ++i;
    return true;
  }),
       "bulk load");
  ReportRow("bulk_load", static_cast<double>(dataset.entries) / stopwatch.seconds(),
            Unit::kPerSecond);
  std::string value;
  auto session = Take(engine->NewSession(), "session");
  const std::uint64_t last = dataset.entries - 1;
  if (!Take(session->Get(keys.Sequential(last), value), "get") ||
      !BelongsTo(value, dataset, last)) {
    Fail("the last entry of a bulk load is missing");
  }
  session.reset();
  Need(engine->Close(), "close");
}

void RunFillSequential(GroupContext& context) {
  const Dataset& dataset = context.dataset;
  auto engine = OpenEngine(context);
  const Timed fill = RunCount(1, dataset.entries, [&](unsigned) {
    return [session = Take(engine->NewSession(), "session"), keys = KeyBuffer(dataset),
            values = ValueBuffer(dataset)](std::uint64_t i) mutable {
      Need(session->Put(keys.Sequential(i), values.Of(i)), "put");
    };
  });
  ReportRow("fillseq", fill.rate(), Unit::kPerSecond);
  Need(engine->Close(), "close");
}

void RunLoad(GroupContext& context) {
  PeakMemory memory;
  const std::uint64_t written_before = OwnWrittenBytes();
  auto engine = OpenEngine(context);
  const Stopwatch stopwatch;
  const Timed fill = FillRandom(*engine, context.dataset, 1);
  const double idle_s = Settle(*engine);
  const double settled_s = stopwatch.seconds() - idle_s;
  // Not due, but done all the same: counted in what is written, and in a row of its own.
  const double watched_s = Take(engine->WaitForRest(), "wait for rest");
  const double rested_s = stopwatch.seconds() - idle_s - watched_s;
  ReportRow("fillrandom_t1", fill.rate(), Unit::kPerSecond);
  ReportRow("fillrandom_t1_settled", static_cast<double>(context.dataset.entries) / settled_s,
            Unit::kPerSecond);
  ReportRow("fillrandom_t1_rested", static_cast<double>(context.dataset.entries) / rested_s,
            Unit::kPerSecond);
  ReportRow("fillrandom_peak_memory", memory.Mebibytes(), Unit::kMebibytes);
  ReportRow("fillrandom_write_amplification",
            PerByte(OwnWrittenBytes() - written_before, context.dataset.data_bytes()),
            Unit::kFactor);
  if (const auto own = engine->WriteAmplification()) {
    ReportRow("fillrandom_write_amplification_told", *own, Unit::kFactor);
  }
  Need(engine->Close(), "close");
  ReportSize(context, "fillrandom_size");
}

void RunFillTwoThreads(GroupContext& context) {
  auto engine = OpenEngine(context);
  const Stopwatch stopwatch;
  const Timed fill = FillRandom(*engine, context.dataset, 2);
  const double idle_s = Settle(*engine);
  ReportRow("fillrandom_t2", fill.rate(), Unit::kPerSecond);
  ReportRow("fillrandom_t2_settled",
            static_cast<double>(context.dataset.entries) / (stopwatch.seconds() - idle_s),
            Unit::kPerSecond);
  Need(engine->Close(), "close");
}

void RunBatches(GroupContext& context) {
  auto engine = OpenEngine(context);
  ReportRow("batch100", FillInBatches(*engine, context.dataset).rate(), Unit::kPerSecond);
  Need(engine->Close(), "close");
}

void RunSizes(GroupContext& context) {
  const std::filesystem::path directory = context.options.directory;
  for (const Codec codec : context.kind.codecs) {
    context.options.codec = codec;
    context.options.directory = directory / CodecName(codec);
    std::error_code error;
    std::filesystem::create_directories(context.options.directory, error);
    auto engine = OpenEngine(context);
    FillInBatches(*engine, context.dataset);
    Settle(*engine);
    Need(engine->Compact(), "compact");
    Settle(*engine);
    Need(engine->Close(), "close");
    engine.reset();
    ReportSize(context, "size_" + std::string(CodecName(codec)));
    std::filesystem::remove_all(context.options.directory, error);
  }
}

}  // namespace quiver::bench
