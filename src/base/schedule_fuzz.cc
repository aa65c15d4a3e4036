// The schedule fuzzer. See schedule_point.h. Empty but in a build with QUIVER_SCHEDULE_FUZZ.
//
// A seed draws a schedule: how many threads may be held at once (the depth of PCT), how far apart
// the change points are on average, and for each thread how often it yields by itself. At a change
// point the thread that gets there is held back until the others have passed some points or some
// time is over, both drawn over several orders of magnitude: which length shows a bug is not known.
#include "base/schedule_point.h"

#ifdef QUIVER_SCHEDULE_FUZZ

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/random.h"

namespace quiver {

namespace {

constexpr std::uint64_t kGapMin = 20;
constexpr std::uint64_t kGapMax = 5000;
constexpr std::uint64_t kDepthMax = 3;
constexpr std::uint64_t kOthersStepsMax = 1U << 15;
constexpr std::uint64_t kSlicesMax = 256;  // long enough for a flush to end meanwhile
constexpr std::chrono::microseconds kSlice{20};

// One of the powers of two from `least` to `most`, each as likely.
std::uint64_t PowerBetween(Random& random, std::uint64_t least, std::uint64_t most) noexcept {
  std::uint64_t count = 1;
  for (std::uint64_t power = least; power < most; power *= 2) ++count;
  return least << random.Below(count);
}

struct Fuzzer {
  std::atomic<std::uint64_t> seed{0};
  std::atomic<std::uint64_t> generation{0};
  std::atomic<std::uint64_t> next_ordinal{0};
  std::atomic<std::uint64_t> gap{kGapMax};
  std::atomic<std::uint64_t> depth{1};
  std::atomic<std::uint64_t> steps{0};
  std::atomic<std::uint64_t> next_change{0};
  std::atomic<std::uint64_t> held{0};
  std::atomic<std::uint64_t> change_points{0};

  Fuzzer() noexcept {
    const char* text = std::getenv("QUIVER_SCHEDULE_SEED");
    if (text != nullptr) Start(std::strtoull(text, nullptr, 10));
  }

  void Start(std::uint64_t new_seed) noexcept {
    Random random(new_seed);
    gap.store(PowerBetween(random, kGapMin, kGapMax), std::memory_order_relaxed);
    depth.store(1 + random.Below(kDepthMax), std::memory_order_relaxed);
    next_ordinal.store(0, std::memory_order_relaxed);
    next_change.store(steps.load(std::memory_order_relaxed), std::memory_order_relaxed);
    seed.store(new_seed, std::memory_order_relaxed);
    generation.fetch_add(1, std::memory_order_relaxed);
  }
};

// Never destroyed: threads may pass points while the process ends.
Fuzzer& TheFuzzer() noexcept {
  static Fuzzer& fuzzer = *new Fuzzer;
  return fuzzer;
}

// What a thread decides by; drawn anew for each schedule.
struct Decider {
  std::uint64_t generation = 0;
  Random random{0};
  std::uint64_t yields_one_in = 1;

  void Adopt(Fuzzer& fuzzer, std::uint64_t current) noexcept {
    generation = current;
    const std::uint64_t ordinal = fuzzer.next_ordinal.fetch_add(1, std::memory_order_relaxed);
    random = Random(fuzzer.seed.load(std::memory_order_relaxed) * 1'000'003 + ordinal);
    yields_one_in = PowerBetween(random, 4, 4096);
  }
};

void HoldBack(Fuzzer& fuzzer, Random& random, std::uint64_t step) noexcept {
  if (fuzzer.held.fetch_add(1, std::memory_order_relaxed) <
      fuzzer.depth.load(std::memory_order_relaxed)) {
    fuzzer.change_points.fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t others_steps = PowerBetween(random, 1, kOthersStepsMax);
    const std::uint64_t slices = PowerBetween(random, 1, kSlicesMax);
    for (std::uint64_t slice = 0; slice < slices; ++slice) {
      if (fuzzer.steps.load(std::memory_order_relaxed) - step >= others_steps) break;
      std::this_thread::sleep_for(kSlice);
    }
  }
  fuzzer.held.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace

void SchedulePoint() noexcept {
  Fuzzer& fuzzer = TheFuzzer();
  if (fuzzer.seed.load(std::memory_order_relaxed) == 0) return;
  static thread_local Decider decider;
  const std::uint64_t generation = fuzzer.generation.load(std::memory_order_relaxed);
  if (decider.generation != generation) decider.Adopt(fuzzer, generation);
  const std::uint64_t step = fuzzer.steps.fetch_add(1, std::memory_order_relaxed) + 1;
  std::uint64_t change = fuzzer.next_change.load(std::memory_order_relaxed);
  if (step >= change) {
    const std::uint64_t gap = fuzzer.gap.load(std::memory_order_relaxed);
    if (fuzzer.next_change.compare_exchange_strong(change, step + 1 + decider.random.Below(2 * gap),
                                                   std::memory_order_relaxed)) {
      return HoldBack(fuzzer, decider.random, step);
    }
  }
  if (decider.random.OneIn(decider.yields_one_in)) std::this_thread::yield();
}

void StartSchedule(std::uint64_t seed) noexcept {
  TheFuzzer().Start(seed);
}

ScheduleFigures ScheduleFiguresSoFar() noexcept {
  const Fuzzer& fuzzer = TheFuzzer();
  return {.points = fuzzer.steps.load(std::memory_order_relaxed),
          .change_points = fuzzer.change_points.load(std::memory_order_relaxed)};
}

}  // namespace quiver

#endif
