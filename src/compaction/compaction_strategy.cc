#include "compaction/compaction_strategy.h"

#include "compaction/fifo_strategy.h"
#include "compaction/lazy_leveling_strategy.h"
#include "compaction/leveled_strategy.h"
#include "compaction/plan_builder.h"
#include "compaction/tiered_strategy.h"

namespace quiver {

std::uint64_t CompactionPlan::input_bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const CompactionInput& input : inputs) {
    for (const TableFileRef& table : input.tables) sum += table->summary.size_bytes;
  }
  return sum;
}

OutputRange OutputRangeOf(const CompactionPlan& plan) {
  const KeyRange range = InputRange(plan);
  return {plan.output_level, plan.output_run, std::string(range.smallest),
          std::string(range.largest)};
}

std::unique_ptr<CompactionStrategy> NewCompactionStrategy(const DatabaseConfig& config) {
  switch (config.compaction_strategy) {
    case CompactionStrategyKind::kLeveled: return std::make_unique<LeveledStrategy>(config);
    case CompactionStrategyKind::kTiered: return std::make_unique<TieredStrategy>(config);
    case CompactionStrategyKind::kFifo: return std::make_unique<FifoStrategy>(config);
    case CompactionStrategyKind::kLazyLeveling: break;
  }
  return std::make_unique<LazyLevelingStrategy>(config);
}

}  // namespace quiver
