#include "linearizability/register_checker.h"

#include <algorithm>
#include <bit>
#include <set>
#include <utility>
#include <vector>

#include "base/check.h"

namespace quiver::torture {

namespace {

constexpr std::size_t kPendingMax = 64;

struct Event {
  std::uint64_t at_ns;
  bool is_answer;  // at the same time calls come first: the operations overlap
  std::size_t operation;
};

// A configuration: the register's value, and a bit for each pending operation that has happened.
struct Configuration {
  ValueId value;
  std::uint64_t happened;
  auto operator<=>(const Configuration&) const = default;
};

class Walk {
 public:
  explicit Walk(ValueId initial) : slots_(kPendingMax, nullptr), configurations_{{initial, 0}} {}

  void Call(const RegisterOperation& operation) {
    const auto free = static_cast<std::size_t>(std::countr_one(pending_));
    QUIVER_CHECK(free < kPendingMax);
    pending_ |= Bit(free);
    slots_[free] = &operation;
    if (operation.is_write) return;
    std::set<Configuration> after;
    for (const Configuration& each : configurations_) after.insert(WithReads(each));
    configurations_ = std::move(after);
  }

  // False if the operation cannot have happened by now.
  bool Answer(const RegisterOperation& operation) {
    const auto slot = static_cast<std::size_t>(std::find(slots_.begin(), slots_.end(), &operation) -
                                               slots_.begin());
    Reach(slot);
    std::set<Configuration> after;
    for (const Configuration& each : configurations_) {
      if ((each.happened & Bit(slot)) != 0) after.insert({each.value, each.happened & ~Bit(slot)});
    }
    configurations_ = std::move(after);
    slots_[slot] = nullptr;
    pending_ &= ~Bit(slot);
    return !configurations_.empty();
  }

 private:
  static std::uint64_t Bit(std::size_t slot) { return std::uint64_t{1} << slot; }

  // The configuration after all pending reads of its value.
  Configuration WithReads(Configuration each) const {
    for (std::uint64_t left = pending_ & ~each.happened; left != 0; left &= left - 1) {
      const auto slot = static_cast<std::size_t>(std::countr_zero(left));
      if (!slots_[slot]->is_write && slots_[slot]->value == each.value) each.happened |= Bit(slot);
    }
    return each;
  }

  // Adds what pending writes lead to, from every configuration in which `wanted` has not happened.
  void Reach(std::size_t wanted) {
    std::vector<Configuration> to_do(configurations_.begin(), configurations_.end());
    while (!to_do.empty()) {
      const Configuration from = to_do.back();
      to_do.pop_back();
      if ((from.happened & Bit(wanted)) != 0) continue;
      for (std::uint64_t left = pending_ & ~from.happened; left != 0; left &= left - 1) {
        const auto slot = static_cast<std::size_t>(std::countr_zero(left));
        if (!slots_[slot]->is_write) continue;
        const Configuration to = WithReads({slots_[slot]->value, from.happened | Bit(slot)});
        if (configurations_.insert(to).second) to_do.push_back(to);
      }
    }
  }

  std::vector<const RegisterOperation*> slots_;
  std::uint64_t pending_ = 0;
  std::set<Configuration> configurations_;
};

}  // namespace

std::optional<std::size_t> FindUnexplained(std::span<const RegisterOperation> history,
                                           ValueId initial) {
  std::vector<Event> events;
  events.reserve(history.size() * 2);
  for (std::size_t i = 0; i < history.size(); ++i) {
    QUIVER_CHECK(history[i].called_ns <= history[i].answered_ns);
    events.push_back({history[i].called_ns, false, i});
    if (history[i].answered_ns != RegisterOperation::kUnanswered) {
      events.push_back({history[i].answered_ns, true, i});
    }
  }
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::pair(a.at_ns, a.is_answer) < std::pair(b.at_ns, b.is_answer);
  });
  Walk walk(initial);
  for (const Event& event : events) {
    const RegisterOperation& operation = history[event.operation];
    if (!event.is_answer) {
      walk.Call(operation);
    } else if (!walk.Answer(operation)) {
      return event.operation;
    }
  }
  return std::nullopt;
}

}  // namespace quiver::torture
