// A full compaction of flushed runs: rows for each second of processor time, and of wall time.
#include "driver/machine.h"
#include "rows/group.h"

namespace quiver::bench {

void RunCompaction(GroupContext& context) {
  if (!context.kind.can_hold_compactions) {
    ReportSkipped("compaction",
                  context.kind.title + " cannot pile up runs for one compaction to merge");
    return;
  }
  context.options.hold_compactions = true;
  auto engine = OpenEngine(context);
  FillRandom(*engine, context.dataset, 1);
  Settle(*engine);
  const double processor_before_s = OwnProcessorSeconds();
  const Stopwatch stopwatch;
  Need(engine->Compact(), "compact");
  const double wall_s = stopwatch.seconds();
  const double processor_s = OwnProcessorSeconds() - processor_before_s;
  const auto rows = static_cast<double>(context.dataset.entries);
  ReportRow("compaction", rows / processor_s, Unit::kPerSecond);
  ReportRow("compaction_wall", rows / wall_s, Unit::kPerSecond);
  Need(engine->Close(), "close");
}

}  // namespace quiver::bench
