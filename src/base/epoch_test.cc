#include "base/epoch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"

namespace quiver {
namespace {

// Counts the living and can tell whether it is one of them.
class Tracked {
 public:
  static constexpr std::uint64_t kAlive = 0xA11FE;

  explicit Tracked(std::atomic<int>& living) : living_(living) { living_.fetch_add(1); }
  ~Tracked() {
    mark_.store(0);
    living_.fetch_sub(1);
  }
  Tracked(const Tracked&) = delete;
  Tracked& operator=(const Tracked&) = delete;

  bool IsAlive() const { return mark_.load() == kAlive; }

 private:
  std::atomic<int>& living_;
  std::atomic<std::uint64_t> mark_{kAlive};
};

class EpochTest : public ::testing::Test {
 protected:
  std::shared_ptr<const Tracked> Make() { return std::make_shared<Tracked>(living_); }

  std::atomic<int> living_{0};
  EpochManager epochs_;
};

// Half-way through, a failed allocation would destroy what a guard still sees.
static_assert(noexcept(std::declval<EpochManager&>().Retire(nullptr)));
static_assert(noexcept(std::declval<EpochManager&>().Collect()));

TEST_F(EpochTest, WithoutGuardsARetiredObjectIsDestroyedAtOnce) {
  epochs_.Retire(Make());
  EXPECT_EQ(living_, 0);
  EXPECT_EQ(epochs_.pending(), 0U);
}

TEST_F(EpochTest, AGuardKeepsWhatIsRetiredDuringItsLife) {
  std::optional<EpochGuard> guard(std::in_place, epochs_);
  epochs_.Retire(Make());
  epochs_.Retire(Make());
  EXPECT_EQ(living_, 2);
  EXPECT_EQ(epochs_.pending(), 2U);
  guard.reset();
  epochs_.Collect();
  EXPECT_EQ(living_, 0);
  EXPECT_EQ(epochs_.pending(), 0U);
}

TEST_F(EpochTest, AGuardMadeAfterARetireDoesNotKeepIt) {
  std::optional<EpochGuard> old_guard(std::in_place, epochs_);
  epochs_.Retire(Make());
  const EpochGuard new_guard(epochs_);
  old_guard.reset();
  epochs_.Collect();
  EXPECT_EQ(living_, 0);
}

TEST_F(EpochTest, TheOldestOfSeveralGuardsDecides) {
  std::optional<EpochGuard> first(std::in_place, epochs_);
  epochs_.Retire(Make());
  std::optional<EpochGuard> second(std::in_place, epochs_);
  epochs_.Retire(Make());
  second.reset();
  epochs_.Collect();
  EXPECT_EQ(living_, 2) << "the first guard may see both";
  first.reset();
  std::optional<EpochGuard> third(std::in_place, epochs_);
  epochs_.Collect();
  EXPECT_EQ(living_, 0);
}

TEST_F(EpochTest, ALaterGuardKeepsOnlyWhatIsRetiredAfterIt) {
  std::optional<EpochGuard> first(std::in_place, epochs_);
  epochs_.Retire(Make());
  const EpochGuard second(epochs_);
  epochs_.Retire(Make());
  first.reset();
  epochs_.Collect();
  EXPECT_EQ(living_, 1);
}

TEST_F(EpochTest, AnObjectThatSomebodyElseHoldsOutlivesItsRetirement) {
  const std::shared_ptr<const Tracked> held = Make();
  epochs_.Retire(held);
  EXPECT_EQ(epochs_.pending(), 0U);
  EXPECT_TRUE(held->IsAlive());
}

TEST_F(EpochTest, TheManagerDestroysWhatIsLeft) {
  {
    EpochManager manager;
    {
      const EpochGuard guard(manager);
      manager.Retire(Make());
    }
    EXPECT_EQ(living_, 1);
  }
  EXPECT_EQ(living_, 0);
}

TEST_F(EpochTest, ADestructorMayRetireAnotherObject) {
  struct Chain {
    ~Chain() {
      if (next) epochs->Retire(std::move(next));
    }
    EpochManager* epochs;
    std::shared_ptr<const Tracked> next;
  };
  auto chain = std::make_shared<Chain>();
  chain->epochs = &epochs_;
  chain->next = Make();
  epochs_.Retire(std::move(chain));
  EXPECT_EQ(living_, 0);
}

TEST_F(EpochTest, OneThreadMayHoldManyGuards) {
  std::vector<std::unique_ptr<EpochGuard>> guards;
  for (int i = 0; i < 200; ++i) guards.push_back(std::make_unique<EpochGuard>(epochs_));
  epochs_.Retire(Make());
  while (guards.size() > 1) guards.pop_back();
  epochs_.Collect();
  EXPECT_EQ(living_, 1);
  guards.clear();
  epochs_.Collect();
  EXPECT_EQ(living_, 0);
}

// Readers follow a pointer that writers keep replacing. A reader that met a destroyed object would
// see its mark gone (and ASan or TSan would see the access).
TEST_F(EpochTest, ReadersNeverSeeADestroyedObject) {
  constexpr int kWriters = 2;
  constexpr int kReaders = 3;
  constexpr int kReplacementsEach = 5000;
  std::atomic<const Tracked*> current{nullptr};
  Mutex owner_mutex;
  std::shared_ptr<const Tracked> owner = Make();
  current = owner.get();

  std::atomic<int> writers_left{kWriters};
  std::atomic<int> dead_seen{0};
  std::atomic<std::uint64_t> reads{0};
  {
    std::vector<std::jthread> threads;
    for (int w = 0; w < kWriters; ++w) {
      threads.emplace_back([&] {
        for (int i = 0; i < kReplacementsEach; ++i) {
          std::shared_ptr<const Tracked> next = Make();
          MutexLock lock(owner_mutex);
          current.store(next.get());
          std::swap(owner, next);
          lock.Unlock();
          epochs_.Retire(std::move(next));
        }
        writers_left.fetch_sub(1);
      });
    }
    for (int r = 0; r < kReaders; ++r) {
      threads.emplace_back([&, r] {
        Random random(static_cast<std::uint64_t>(r));
        // At least once: on a busy machine the writers may be done before a reader starts.
        do {
          const EpochGuard guard(epochs_);
          const Tracked* seen = current.load();
          if (random.OneIn(64)) std::this_thread::yield();
          if (!seen->IsAlive()) dead_seen.fetch_add(1);
          reads.fetch_add(1);
        } while (writers_left.load() > 0);
      });
    }
  }
  EXPECT_EQ(dead_seen, 0);
  EXPECT_GT(reads, 0U);
  epochs_.Collect();
  EXPECT_EQ(epochs_.pending(), 0U);
  EXPECT_EQ(living_, 1) << "all but the current one are gone";
}

TEST_F(EpochTest, MoreGuardsThanSlotsWaitForAFreeOne) {
  std::vector<std::unique_ptr<EpochGuard>> guards;
  for (int i = 0; i < 256; ++i) guards.push_back(std::make_unique<EpochGuard>(epochs_));
  std::atomic<bool> entered{false};
  std::jthread waiter([&] {
    const EpochGuard guard(epochs_);
    entered = true;
  });
  for (int i = 0; i < 100; ++i) std::this_thread::yield();
  EXPECT_FALSE(entered);
  guards.pop_back();
  waiter.join();
  EXPECT_TRUE(entered);
}

}  // namespace
}  // namespace quiver
