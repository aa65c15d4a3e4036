// Puts that the disk has before they return.
#include <array>
#include <string>

#include "rows/group.h"

namespace quiver::bench {

void RunSynced(GroupContext& context) {
  context.options.durability = Durability::kSynced;
  const Dataset& dataset = context.dataset;
  auto engine = OpenEngine(context);
  constexpr std::array<unsigned, 3> kThreads{1, 2, 8};
  std::atomic<std::uint64_t> next{0};
  for (const unsigned threads : kThreads) {
    const auto make = [&](unsigned) {
      return [&next, session = Take(engine->NewSession(), "session"), keys = KeyBuffer(dataset),
              values = ValueBuffer(dataset)](std::uint64_t) mutable {
        const std::uint64_t i = next.fetch_add(1);
        Need(session->Put(keys.Random(i), values.Of(i)), "synced put");
      };
    };
    const Timed puts = RunFor(threads, context.seconds, make, 1);
    ReportRow("sync_put_t" + std::to_string(threads), puts.rate(), Unit::kPerSecond);
  }
  Need(engine->Close(), "close");
}

}  // namespace quiver::bench
