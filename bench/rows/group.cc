#include "rows/group.h"

#include <algorithm>

#include "driver/machine.h"
#include "driver/zipfian.h"

namespace quiver::bench {

namespace {

constexpr std::uint64_t kZipfianDraws = std::uint64_t{1} << 22;
constexpr auto kMemoryWatch = std::chrono::milliseconds(50);

}  // namespace

const std::vector<Group>& AllGroups() {
  static const std::vector<Group> groups{
      {"bulk", RunBulkLoad, "a sorted load in the engine's fastest way, durable at its end"},
      {"fillseq", RunFillSequential, "puts in key order, one a call"},
      {"load", RunLoad, "puts in random order; settled: until no flush or compaction is due"},
      {"fill2", RunFillTwoThreads, "the same from two threads"},
      {"batch", RunBatches, "atomic batches of 100 puts in random order"},
      {"sizes", RunSizes, "bytes on disk after a settled load and a full compaction, by codec"},
      {"sync", RunSynced, "puts that are on the disk before they return, 1, 2 and 8 threads"},
      {"memtable", RunMemtable, "gets and seeks where all entries are still in the memtable"},
      {"reads", RunReads, "gets, multi-gets, seeks and scans on a settled load, caches warm"},
      {"coldreads", RunColdReads, "the same after the page cache forgot the files"},
      {"overwrite", RunOverwrite, "random overwrites, the time to settle included"},
      {"mixed", RunWhileWriting, "gets and seeks while another thread writes 2 MiB/s"},
      {"ycsb", RunYcsb, "YCSB A to F with two threads, by Zipf's law"},
      {"reopen", RunReopen, "open and first get after SIGKILL with 64 MiB in the log"},
      {"compaction", RunCompaction, "a full compaction of flushed runs, rows a processor second"},
      {"memtables", RunMemtables, "Quiver's memtables: puts, reads and memory before any flush"},
      {"strategies", RunStrategies,
       "Quiver's compaction strategies: overwrites and what they leave"},
  };
  return groups;
}

std::unique_ptr<Engine> OpenEngine(const GroupContext& context) {
  return Take(context.kind.open(context.options), "open " + context.kind.title);
}

Reader NewReader(Engine& engine) {
  Reader reader;
  reader.session = Take(engine.NewSession(), "session");
  reader.cursor = Take(reader.session->NewCursor(), "cursor");
  return reader;
}

double Settle(Engine& engine) {
  Need(engine.Flush(), "flush");
  return Take(engine.WaitForDebt(), "wait for background work");
}

Timed FillRandom(Engine& engine, const Dataset& dataset, unsigned threads) {
  return RunCount(threads, dataset.entries, [&](unsigned) {
    return [session = Take(engine.NewSession(), "session"), keys = KeyBuffer(dataset),
            values = ValueBuffer(dataset)](std::uint64_t i) mutable {
      Need(session->Put(keys.Random(i), values.Of(i)), "put");
    };
  });
}

Picks::Picks(const Dataset& dataset, std::uint64_t stream)
    : stream_(stream), entries_(dataset.entries) {
  if (!dataset.zipfian) return;
  std::vector<std::uint32_t> ranks = ZipfianRanks(entries_, kZipfianDraws, stream);
  for (std::uint32_t& rank : ranks) rank = static_cast<std::uint32_t>(Scrambled(rank, entries_));
  ranks_ = std::make_shared<const std::vector<std::uint32_t>>(std::move(ranks));
}

PeakMemory::PeakMemory() {
  watcher_ = std::thread([this] {
    while (!stop_.load()) {
      peak_bytes_.store(std::max(peak_bytes_.load(), OwnMemoryBytes()));
      std::this_thread::sleep_for(kMemoryWatch);
    }
  });
}

PeakMemory::~PeakMemory() {
  stop_.store(true);
  watcher_.join();
}

double PeakMemory::Mebibytes() {
  const std::uint64_t bytes = std::max(peak_bytes_.load(), OwnMemoryBytes());
  return static_cast<double>(bytes) / (1 << 20);
}

}  // namespace quiver::bench
