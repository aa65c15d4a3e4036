// ImpatientExecutor: real threads on which flushes and compactions that are to be tried again after
// a pause are tried again at once, so that a test of a thousand failures does not sit them out.
//
// Thread safety: as io/executor.h says.
#pragma once

#include <memory>
#include <utility>

#include "io/executor.h"

namespace quiver::testing {

class ImpatientExecutor final : public io::Executor {
 public:
  explicit ImpatientExecutor(std::unique_ptr<io::Executor> threads)
      : threads_(std::move(threads)) {}

  void Submit(io::Lane lane, std::function<void()> task) override {
    threads_->Submit(lane, std::move(task));
  }
  void SubmitAfter(io::Lane lane, std::uint64_t delay_ms, std::function<void()> task) override {
    const bool job = lane == io::Lane::kFlush || lane == io::Lane::kCompaction;
    threads_->SubmitAfter(lane, job ? delay_ms / 100 : delay_ms, std::move(task));
  }
  void Shutdown() override { threads_->Shutdown(); }

 private:
  const std::unique_ptr<io::Executor> threads_;
};

}  // namespace quiver::testing
