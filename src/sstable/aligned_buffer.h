// AlignedBuffer: uninitialised bytes aligned to 64, for reading blocks into.
//
// Thread safety: a value of one owner.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

#include "base/check.h"
#include "base/coding.h"

namespace quiver {

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t bytes) { Reset(bytes); }

  /// Makes room for `bytes`; what was there is lost. Memory is kept while it is large enough and
  /// not far too large.
  void Reset(std::size_t bytes) {
    if (bytes > capacity_ || bytes < capacity_ / 8) {
      const std::size_t rounded = bytes == 0 ? 64 : AlignUp(bytes, 64);
      memory_.reset();
      memory_.reset(static_cast<std::byte*>(std::aligned_alloc(64, rounded)));
      QUIVER_CHECK(memory_ != nullptr);
      capacity_ = rounded;
    }
    size_ = bytes;
  }
  std::span<std::byte> bytes() const noexcept { return {memory_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace quiver
