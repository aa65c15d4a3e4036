// Recovery: a process that is killed with a full log, and the open after it.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "rows/group.h"

namespace quiver::bench {

namespace {

constexpr std::uint64_t kLogBytes = std::uint64_t{64} << 20;
// Above the log with all that lies around entries, so that nothing is flushed before the kill.
constexpr std::uint64_t kMemtableBytes = kLogBytes * 4;

// Writes and dies. The engine's threads must die with it, so this runs in a process of its own,
// forked before any engine was opened.
[[noreturn]] void WriteAndDie(const GroupContext& context, const Dataset& dataset) {
  auto engine = OpenEngine(context);
  FillRandom(*engine, dataset, 1);
  ::raise(SIGKILL);
  Fail("the writer outlived its kill");
}

}  // namespace

void RunReopen(GroupContext& context) {
  Dataset dataset = context.dataset;
  dataset.entries = std::min(dataset.entries, kLogBytes / dataset.entry_bytes());
  context.options.memtable_bytes = kMemtableBytes;
  context.options.memtable_count_max = 2;
  const pid_t writer = ::fork();
  if (writer < 0) Fail("no process for the writer");
  if (writer == 0) WriteAndDie(context, dataset);
  int status = 0;
  ::waitpid(writer, &status, 0);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
    Fail("the writer failed before its kill");

  KeyBuffer keys(dataset);
  std::string value;
  const Stopwatch stopwatch;
  auto engine = OpenEngine(context);
  auto session = Take(engine->NewSession(), "session");
  const bool found = Take(session->Get(keys.Random(0), value), "get");
  const double seconds = stopwatch.seconds();
  std::uint64_t lost = found ? 0 : 1;
  for (std::uint64_t i = 1; i < dataset.entries; ++i) {
    if (!Take(session->Get(keys.Random(i), value), "get") || !BelongsTo(value, dataset, i)) ++lost;
  }
  if (lost != 0) Fail(std::to_string(lost) + " acknowledged puts were lost with the process");
  ReportRow("reopen", seconds * 1e3, Unit::kMilliseconds);
  session.reset();
  Need(engine->Close(), "close");
}

}  // namespace quiver::bench
