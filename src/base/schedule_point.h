// SchedulePoint: marks a place where threads meet: a lock, a wait, the publication of a pointer or
// a number, the start of a task. In a normal build it is nothing. With the CMake option
// QUIVER_SCHEDULE_FUZZ it may hold its thread back there, so that interleavings happen which a
// processor shows once in a year.
//
// The fuzzer runs threads freely, but for a few that it holds back, after
//   Burckhardt, Kothari, Musuvathi, Nagarakatte: "A randomized scheduler with probabilistic
//     guarantees of finding bugs", ASPLOS 2010 (PCT): a bug needs few orders between points, so
//     lower a thread's priority at few random points and not everywhere a little;
//   Nagarakatte, Burckhardt, Martin, Musuvathi: "Multicore acceleration of priority-based
//   schedulers
//     for concurrency bug detection", PLDI 2012: only threads of low priority need be held.
// Real threads cannot be stopped for good, since one of low priority may hold what the others wait
// for: it goes on when the others have taken so many steps, or after so long a time. So the bound
// of the papers does not hold here, only their idea.
//
// Invariants: a seed gives the same decisions in the same order of points; the order itself is the
// processor's. The points use relaxed atomics alone, so that they hide no data race from
// ThreadSanitizer.
//
// Thread safety: everything from any thread; the fuzzer's state is one for the process, in its own
// build only.
#pragma once

#include <cstdint>

namespace quiver {

/// What the fuzzer has done since the process began.
struct ScheduleFigures {
  std::uint64_t points = 0;         ///< points passed while it was on
  std::uint64_t change_points = 0;  ///< of them, where a thread was held back
};

#ifdef QUIVER_SCHEDULE_FUZZ

inline constexpr bool kScheduleFuzz = true;
void SchedulePoint() noexcept;
/// Another schedule: new decisions for all threads from here on. 0 turns the fuzzer off. To begin
/// with it takes the environment variable QUIVER_SCHEDULE_SEED, or is off.
void StartSchedule(std::uint64_t seed) noexcept;
ScheduleFigures ScheduleFiguresSoFar() noexcept;

#else

inline constexpr bool kScheduleFuzz = false;
inline void SchedulePoint() noexcept {}
inline void StartSchedule(std::uint64_t) noexcept {}
inline ScheduleFigures ScheduleFiguresSoFar() noexcept {
  return {};
}

#endif

}  // namespace quiver
