#include "db/write_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace quiver {
namespace {

using std::chrono::milliseconds;

// Requests are told apart by their entry_count; the handler numbers them.
class WriteQueueTest : public ::testing::Test {
 protected:
  void Handle(std::span<WriteRequest* const> group) {
    EXPECT_FALSE(busy_.exchange(true)) << "two groups at once";
    if (pause_.count() != 0) std::this_thread::sleep_for(pause_);
    for (WriteRequest* request : group) request->last_sequence = ++last_;
    groups_ += 1;
    EXPECT_TRUE(busy_.exchange(false));
  }

  /// Each of `threads` submits `count` requests one after the other.
  void SubmitFromThreads(unsigned threads, int count) {
    std::vector<std::thread> writers;
    for (unsigned i = 0; i < threads; ++i) {
      writers.emplace_back([this, count] {
        SequenceNumber before = 0;
        for (int request_number = 0; request_number < count; ++request_number) {
          WriteRequest request;
          queue_.Submit(request);
          EXPECT_GT(request.last_sequence, before) << "not handled, or before an earlier one";
          before = request.last_sequence;
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(last_, SequenceNumber{threads} * static_cast<unsigned>(count));
  }

  std::atomic<bool> busy_{false};
  milliseconds pause_{0};
  SequenceNumber last_ = 0;
  int groups_ = 0;
  WriteQueue queue_{[this](std::span<WriteRequest* const> group) { Handle(group); }};
};

TEST_F(WriteQueueTest, HandlesEveryRequestOnceInAnOrder) {
  SubmitFromThreads(1, 1000);
  EXPECT_EQ(groups_, 1000);
}

TEST_F(WriteQueueTest, QuickGroupsOfManyThreadsNeverOverlap) {
  SubmitFromThreads(6, 20'000);
}

// Longer than anybody looks: all others sleep, are woken, and go through in few groups.
TEST_F(WriteQueueTest, WhoSleepsIsWokenToGoOrToLead) {
  pause_ = milliseconds(5);
  SubmitFromThreads(8, 12);
  EXPECT_LT(groups_, 8 * 12 / 2) << "those that waited together are handled together";
}

TEST_F(WriteQueueTest, BarriersAreGroupsOfTheirOwn) {
  std::vector<std::size_t> sizes;
  std::atomic<bool> first{true};
  std::atomic<bool> go_on{false};
  WriteQueue queue([&](std::span<WriteRequest* const> group) {
    for (const WriteRequest* request : group)
      EXPECT_TRUE(!request->is_barrier() || group.size() == 1);
    sizes.push_back(group.size());
    while (first.exchange(false)) go_on.wait(false);
  });
  std::vector<std::thread> writers;
  for (int i = 0; i < 6; ++i) {
    writers.emplace_back([&, i] {
      WriteRequest request;
      if (i == 3) request.barrier = WriteRequest::Barrier::kDrain;
      queue.Submit(request);
    });
    std::this_thread::sleep_for(milliseconds(20));
  }
  go_on = true;
  go_on.notify_all();
  for (std::thread& writer : writers) writer.join();
  std::size_t handled = 0;
  for (const std::size_t size : sizes) handled += size;
  EXPECT_EQ(handled, 6U);
}

// The leader waits until it is told; those that asked not to wait leave, awake or asleep.
TEST_F(WriteQueueTest, EndEarlyLetsThoseGoThatDoNotWait) {
  std::atomic<int> waiting{0};
  std::atomic<int> gone{0};
  std::atomic<WriteQueue*> self{nullptr};
  WriteQueue queue([&](std::span<WriteRequest* const> group) {
    if (!group.front()->is_barrier()) {
      for (WriteRequest* request : group) EXPECT_FALSE(request->fail_if_stalled);
      return;
    }
    while (waiting < 4) std::this_thread::yield();
    std::this_thread::sleep_for(milliseconds(50));  // now they sleep, or are about to
    (void)self.load()->EndEarly([](WriteRequest& request) { return request.fail_if_stalled; });
    while (gone < 2) std::this_thread::yield();
  });
  self = &queue;
  std::vector<std::thread> writers;
  writers.emplace_back([&] {
    WriteRequest leader;
    leader.barrier = WriteRequest::Barrier::kDrain;
    queue.Submit(leader);
    EXPECT_EQ(gone, 2);
  });
  std::this_thread::sleep_for(milliseconds(20));
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&, i] {
      WriteRequest request;
      request.fail_if_stalled = i % 2 == 0;
      ++waiting;
      queue.Submit(request);
      if (request.fail_if_stalled) ++gone;
    });
  }
  for (std::thread& writer : writers) writer.join();
}

}  // namespace
}  // namespace quiver
