#include "sstable/table_output.h"

#include <utility>

#include "base/try.h"

namespace quiver {

Result<std::unique_ptr<TableOutput>> TableOutput::Create(io::Directory& directory, std::string name,
                                                         io::RateLimiter* rate_limiter,
                                                         const std::atomic<bool>* cancelled) {
  QUIVER_ASSIGN_OR_RETURN(auto file, directory.Create(name));
  // Room for a block beyond the write size, so that the buffer seldom moves.
  auto output = std::unique_ptr<TableOutput>(
      new TableOutput(directory, std::move(name), std::move(file), rate_limiter, cancelled));
  output->buffer_.reserve(2 * kWriteBytes);
  return output;
}

TableOutput::~TableOutput() {
  if (keep_) return;
  file_.reset();
  // Nothing useful can be done about a failure: the file has no trailer or is in no manifest, and
  // recovery removes it as an orphan.
  (void)directory_.Remove(name_);
}

Result<void> TableOutput::Flush() {
  if (rate_limiter_ != nullptr) rate_limiter_->Acquire(buffer_.size(), cancelled_);
  QUIVER_TRY(file_->Append(buffer_));
  written_bytes_ += buffer_.size();
  buffer_.clear();
  constexpr std::size_t kKeepBytes = 16 * kWriteBytes;
  if (buffer_.capacity() > kKeepBytes) {
    buffer_.shrink_to_fit();
    buffer_.reserve(2 * kWriteBytes);
  }
  return {};
}

Result<void> TableOutput::FlushIfLarge() {
  if (buffer_.size() < kWriteBytes) return {};
  return Flush();
}

Result<void> TableOutput::Finish() {
  QUIVER_TRY(Flush());
  QUIVER_TRY(file_->Sync());
  QUIVER_TRY(file_->Close());
  file_.reset();
  return {};
}

}  // namespace quiver
